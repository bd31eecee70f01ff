"""What is said arrives: within the limits, through trouble, and never silently twice or not at all."""

from datetime import UTC, datetime, timedelta

from tests.e2e.conftest import People, on_sqlite
from tests.e2e.test_desk import complains
from tests.e2e.town import Resident, Town

LONG_S = 2282
"""A wait that users of Telegram report."""


async def test_a_long_wait_asked_for_by_telegram_survives_a_restart(town: Town, people: People) -> None:
    """Told to wait 2,282 s for a chat, the bot writes to others, says nothing there even restarted, then all."""
    ann, cy = people.ann, town.person("Cy")
    program = await town.starts()
    town.world.add_fault("429", "sendMessage", chat_id=ann.id, retry_after=LONG_S)
    ann.starts()
    ann.says("/help")
    cy.starts()
    await cy.hears("Tailor")

    async def paused() -> bool:
        return any(pause.until_at > _now(town) for pause in await town.rows("pauses"))

    await town.until(paused, "the wait to be kept")
    await program.stop()
    await town.restarts(program)
    cy.says("/help")
    await cy.hears("", after=cy.heard()[-1]["id"])
    town.world.jump(LONG_S - 60)
    cy.says("/help")
    await cy.hears("", after=cy.heard()[-1]["id"])
    assert ann.heard() == []
    assert len(_tries(town, ann)) == 1

    town.world.jump(120)
    await ann.hears("Tailor")
    await town.settled()
    assert len(ann.heard()) == 2


@on_sqlite
async def test_a_blocked_bot_is_noticed_and_staff_are_told(town: Town, people: People) -> None:
    """Ann blocks the bot: Ben's answer is shown as not delivered, and she is not written to until she is back."""
    ann, ben = people.ann, people.ben
    await town.starts()
    await complains(ann, "The coat has no buttons")
    topic = await town.topic("C-1001")
    await town.settled()

    town.world.block(ann.id)
    await town.group_reads("has blocked the bot", topic)
    ben.writes("New buttons are on their way", topic)
    await town.group_reads("Not delivered", topic)
    await town.settled()
    (contact,) = await town.rows("contact_points", chat_id=ann.id)
    assert contact.reach == "blocked"
    (answer,) = await town.rows("outbox", purpose="staff_answer")
    assert answer.state == "failed"

    town.world.unblock(ann.id)
    await town.group_reads("can be reached again", topic)
    ben.writes("Are you there?", topic)
    await ann.hears("Are you there?")


@on_sqlite
async def test_a_refusal_tells_of_a_block_that_was_never_announced(town: Town, people: People) -> None:
    """The update about a block can be missed: the refusal of a message says it as well."""
    ann, ben = people.ann, people.ben
    await town.starts()
    await complains(ann, "The coat has no buttons")
    topic = await town.topic("C-1001")
    await town.settled()
    town.world.add_fault("403", "sendMessage", chat_id=ann.id)
    ben.writes("New buttons are on their way", topic)
    await town.group_reads("Not delivered", topic)
    await town.settled()
    (contact,) = await town.rows("contact_points", chat_id=ann.id)
    assert contact.reach == "blocked"


@on_sqlite
async def test_a_reply_of_unknown_fate_is_said_again(town: Town, people: People) -> None:
    """The connection drops after Telegram took a reply: it is said once more rather than perhaps never."""
    ann = people.ann
    await town.starts()
    town.world.add_fault("lost_answer", "sendMessage", chat_id=ann.id)
    ann.starts()
    await town.until(lambda: len(ann.heard()) == 2, "the repetition")
    await town.settled()
    assert len(set(ann.texts())) == 1
    (row,) = await town.rows("outbox", purpose="conversation")
    assert row.state == "sent"
    assert row.attempts == 2


async def test_a_greeting_of_unknown_fate_is_listed_and_never_repeated(town: Town, people: People) -> None:
    """A birthday greeting whose answer got lost stands in the list for people to decide, restarts or not."""
    ann = people.ann
    program = await town.starts()
    await tells_birthday(ann, "5 March 1990")
    await town.settled()
    before = len(ann.heard())
    town.world.add_fault("lost_answer", "sendMessage", chat_id=ann.id)
    town.world.jump_to(datetime(2026, 3, 5, 9, 0, 5, tzinfo=UTC))

    async def unknown() -> bool:
        return bool(await town.rows("outbox", state="unknown"))

    await town.until(unknown, "the greeting to be listed")
    await program.stop()
    await town.restarts(program)
    town.world.jump(timedelta(hours=1).total_seconds())
    ann.says("/help")
    await ann.hears("", after=ann.heard()[-1]["id"])
    await town.settled()

    assert len(ann.heard()) == before + 2
    (delivery,) = await town.rows("deliveries")
    assert delivery.state == "unknown"
    (row,) = await town.rows("outbox", purpose="campaign")
    assert f"{row.id}\t" in await program.beside("unknown", "list")
    assert await program.beside("unknown", "assume-delivered", str(row.id))
    assert [d.state for d in await town.rows("deliveries")] == ["sent"]


async def test_an_operator_who_stops_the_program_leaves_nothing_unknown(town: Town, people: People) -> None:
    """SIGTERM in the middle of slow calls: they are waited for and recorded; after a restart all is said once."""
    program = await town.starts()
    crowd = [people.ann, *(town.person(f"Guest {n}") for n in range(12))]
    for guest in crowd:
        guest.starts()
    await people.ann.hears("Tailor")
    town.world.set_latency(0.7)
    for guest in crowd:
        guest.says("/help")

    async def sending() -> bool:
        return bool(await town.rows("outbox", state="sending"))

    await town.until(sending, "calls under way")
    assert await program.stop() < 5
    states = {row.state for row in await town.rows("outbox")}
    assert states <= {"sent", "queued"}
    town.world.set_latency(0)
    await town.restarts(program)
    await town.settled()
    assert [len(guest.heard()) for guest in crowd] == [2] * len(crowd)


async def tells_birthday(person: Resident, day: str) -> None:
    """Have a person ask to be congratulated, on the business's clock."""
    person.says("/birthday")
    person.says(day)
    await person.taps("c:bok")
    await person.taps("c:zone")


def _now(town: Town) -> datetime:
    return datetime.fromisoformat(town.world.now())


def _tries(town: Town, person: Resident) -> list[object]:
    return [call for call in town.world.calls("sendMessage") if str(call["params"].get("chat_id")) == str(person.id)]


async def test_a_clock_that_leaps_makes_nothing_unknown(lone_town: Town) -> None:
    """The machine sleeps for an hour while a reply is under way: it is waited for, not said again."""
    town = lone_town
    ann = town.person("Ann")
    await town.starts()
    ann.starts()
    await ann.hears("Tailor")
    await town.settled()
    town.world.set_latency(1.0)
    ann.says("/help")

    async def sending() -> bool:
        return bool(await town.rows("outbox", state="sending"))

    await town.until(sending, "the reply to be under way")
    town.world.jump(timedelta(hours=1).total_seconds())
    await town.settled()
    assert len(ann.heard()) == 2
