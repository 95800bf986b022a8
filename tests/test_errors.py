"""Errors of the user are results; errors of our own are said, and take nothing with them."""

import logging

import pytest

from gradcompare._foundation.errors import failed_steps, optional, outcome_of


def boom():
    raise ZeroDivisionError("of the user")


def test_what_the_user_raises_comes_back():
    assert outcome_of(lambda: 3) == 3
    assert isinstance(outcome_of(boom), ZeroDivisionError)


def test_what_we_raise_is_raised_in_our_tests():
    with pytest.raises(ZeroDivisionError):
        optional("a step", boom, None)


def test_what_we_raise_is_said_and_logged(monkeypatch, caplog):
    monkeypatch.delenv("GRADCOMPARE_RAISE")
    with failed_steps() as outer:
        with failed_steps() as inner, caplog.at_level(logging.ERROR, "gradcompare"):
            assert optional("a step", lambda: 1, 0) == 1
            assert optional("a step", boom, 0) == 0
        assert optional("another step", boom, None) is None
    (sentence,) = inner
    assert sentence.startswith("a step failed with ZeroDivisionError: this is a fault of gradcomp")
    assert [text.partition(" failed")[0] for text in outer] == ["another step"]
    assert "of the user" in caplog.text


def test_nobody_needs_to_collect(monkeypatch):
    monkeypatch.delenv("GRADCOMPARE_RAISE")
    assert optional("a step", boom, "otherwise") == "otherwise"


def test_nothing_is_printed_without_logging(monkeypatch, capfd):
    monkeypatch.delenv("GRADCOMPARE_RAISE")
    optional("a step", boom, None)
    assert capfd.readouterr() == ("", "")
