"""Telegram's limits, kept by the program and watched by the simulator."""

from datetime import datetime

from tests.e2e.conftest import People, on_sqlite
from tests.e2e.town import Town

WORDS = 30
_MOST_MINUTES = 10


@on_sqlite
async def test_telegram_never_has_to_say_slow_down(town: Town, people: People) -> None:
    """Replies, topics, cards and words for staff leave at a pace at which nothing is refused, in their order."""
    ann = people.ann
    town.world.set_limits(enabled=True)
    limits = {"messages_per_second": 30, "private_chat_gap_s": 1.0, "group_per_minute": 20}
    await town.starts(limits=limits)
    ann.says("/complaint")
    ann.says("It all began on Monday")
    for button in ("c:done", "c:skip", "c:send"):
        await ann.taps(button)
    topic = await town.topic("C-1001")
    for nth in range(WORDS):
        ann.sends("photo", caption=f"Then came trouble {nth}")  # pictures do not become one message, as words would

    waits = 0
    while await town.until(lambda: _waits_or_is_done(town), "the group to be full, or all to be said") == "waits":
        assert len(_troubles(town, topic)) <= 20 * (waits + 1)
        waits += 1
        assert waits <= _MOST_MINUTES
        town.world.jump(60)
    assert waits > 0
    assert _troubles(town, topic) == [f"Then came trouble {nth}" for nth in range(WORDS)]
    refused = [
        (c["method"], c["time"], c["params"].get("chat_id"))
        for c in town.world.calls()
        if c["error"] and "Too Many" in c["error"]
    ]
    assert refused == []


async def _waits_or_is_done(town: Town) -> str | None:
    now = datetime.fromisoformat(town.world.now())
    queued = await town.rows("outbox", state="queued")
    if any(row.chat_key.startswith("g") and row.not_before_at and row.not_before_at > now for row in queued):
        return "waits"
    return None if await town.open_work() else "done"


def _troubles(town: Town, topic: int) -> list[str]:
    said = [m["caption"] or "" for m in town.in_group(topic)]
    return [words for words in said if words.startswith("Then came trouble")]
