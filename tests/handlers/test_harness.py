"""The harness itself."""

from tests.handlers.harness import Chat, Town


async def test_words_are_recorded_before_anyone_decides_what_they_mean(town: Town, ann: Chat) -> None:
    """Whatever Ann writes first is on record under a customer of her own."""
    await ann.says("hello there")
    assert [row.text for row in await town.rows("interactions", author_kind="customer")] == ["hello there"]
    assert [row.name for row in await town.rows("customers")] == ["Ann"]
