"""Links into the documentation: each verdict has its chapter there."""

from importlib.metadata import PackageNotFoundError, metadata

CHAPTERS = "docs/my-check-failed.md"


def chapter(code: str, name: str) -> str:
    """Returns the address of the chapter of a verdict, by its code and its name.

    It is on the site that the package names as its documentation; without one, a path from the
    root of the source.
    """
    anchor = f"{code}-{name}".lower()
    return f"{documentation()}{CHAPTERS}#{anchor}"


def documentation() -> str:
    """Returns the address that the package names as its documentation, or nothing."""
    try:
        links = metadata("gradcompare").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    named = dict(link.partition(", ")[::2] for link in links)
    address = next((url for name, url in named.items() if name.lower() == "documentation"), "")
    return f"{address.rstrip('/')}/" if address else ""
