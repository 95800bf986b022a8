"""Products and directional derivatives with very many parameters."""

from gradcompare._evaluation.near.batches import LINE_CHUNK, Block


def test_few_long_points_are_evaluated_together():
    assert Block.on_a_line(100).chunk == LINE_CHUNK
    assert 1 <= Block.on_a_line(10**6).chunk <= 2
    assert Block.on_a_line(10**9).chunk == 1
    assert Block.on_a_line(10**9).capacity == LINE_CHUNK
