"""The ladder through the real program: nobody answers, it climbs, the program dies in between, somebody has it."""

from datetime import timedelta

from domain.people import Role
from tests.e2e.conftest import People
from tests.e2e.test_desk import complains
from tests.e2e.town import Town

LATE = "The first answer is overdue."


async def calls(town: Town) -> list[int]:
    """Return whom the bot has called in private to take a case, by the ids of members, in order."""
    rows = await town.rows("outbox", purpose="escalation", target_kind="member", action="send")
    return [row.target_ref for row in rows if row.state == "sent"]


async def test_a_missed_answer_climbs_to_whoever_has_it(town: Town, people: People) -> None:
    """Sue is called and does not come; killed, the program calls Ada when it is back, once; she has it, and all rests.

    The customer's promise passed at four hours; a quarter of an hour later it is Ada's.
    """
    ada = town.hires("Ada", Role.ADMIN)
    program = await town.starts()
    for boss in (people.sue, ada):
        boss.starts()
    await complains(people.ann, "The zip is broken")
    topic = await town.topic("C-1001")
    await town.settled()

    town.world.jump(timedelta(hours=4, minutes=1).total_seconds())
    called = await people.sue.hears(LATE)
    assert "C-1001" in called["text"]
    assert "Sue" in (await town.group_reads(LATE, topic))["text"]
    await town.settled()
    sue_id, ada_id = [next(row.id for row in await town.rows("staff_members", name=name)) for name in ("Sue", "Ada")]
    assert await calls(town) == [sue_id]

    await program.kill()
    town.world.jump(timedelta(minutes=20).total_seconds())
    await town.restarts(program)
    await ada.hears("nobody has taken")
    await town.settled()
    await ada.taps("k:ack:")
    await town.group_reads("Ada has C-1001", topic)
    await town.settled()

    town.world.jump(timedelta(hours=3).total_seconds())
    await town.settled()
    rungs = [(row.level, row.cause, row.ended_as) for row in await town.rows("escalations") if row.cause != "warning"]
    assert rungs[:2] == [(2, "breach", "unanswered"), (3, "unanswered", "taken")]
    assert await calls(town) == [sue_id, ada_id]
    assert people.sue.texts()[-1] == "✋ Ada has C-1001."
