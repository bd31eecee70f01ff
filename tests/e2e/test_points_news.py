"""News of points from the real program: earned, stated with a picture, and stopped with one tap."""

from datetime import UTC, datetime

from domain.people import SYSTEM
from domain.points import Entry
from domain.rules import Rules
from services import points
from services.work import Work
from storage.database import open_database
from tests.e2e.town import TOKEN, Resident, Town
from texts import Texts


async def earns(town: Town, amount: int) -> None:
    """Give every customer points, beside the running program."""
    customers = await town.rows("customers")
    database = open_database(town.url)
    async with database.write() as tx:
        work = Work(tx, datetime.fromisoformat(town.world.now()), int(TOKEN.partition(":")[0]), Rules(), Texts())
        for customer in customers:
            key = f"till:{customer.id}:{amount}"
            found = await points.earn(work, customer.id, points=amount, source_key=key, by=SYSTEM)
            assert isinstance(found, Entry)
    await database.close()


async def wants_news(person: Resident) -> None:
    """Say yes to news about points."""
    person.says("/privacy")
    await person.taps("c:wishes")
    await person.taps("c:consent:points:on")


async def test_ann_gets_her_statement_as_a_picture_and_stops_such_messages(lone_town: Town) -> None:
    """Her yes, her points, the first of the month at ten: a photo with its words; one tap, and no more come."""
    town = lone_town
    ann = town.person("Ann")
    await town.starts()
    await wants_news(ann)
    await town.settled()
    await earns(town, 480)

    town.world.jump_to(datetime(2026, 4, 1, 10, 3, tzinfo=UTC))
    said = await ann.hears("March")
    assert "480 points earned, 0 used." in said["caption"]
    assert "You have 480 points now." in said["caption"]
    picture = town.world.files.find(said["raw"]["photo"][-1]["file_id"])
    assert picture is not None
    assert (picture.content or b"").startswith(b"\x89PNG")

    await ann.taps("c:mute:points")
    await ann.hears("Points notices have stopped")
    await earns(town, 20)
    heard = len(ann.heard())
    town.world.jump_to(datetime(2026, 5, 1, 10, 3, tzinfo=UTC))
    ann.says("/help")
    await ann.hears("", after=ann.heard()[-1]["id"])
    await town.settled()
    assert len(ann.heard()) == heard + 1
    assert [delivery.state for delivery in await town.rows("deliveries")] == ["sent"]


async def test_a_program_killed_among_statements_tells_nobody_twice(lone_town: Town) -> None:
    """Killed while pictures are drawn and sent, it goes on: one statement a person, or one listed as unknown."""
    town = lone_town
    people = [town.person(name) for name in ("Ann", "Bob", "Dan", "Eve", "Fay")]
    program = await town.starts()
    for person in people:
        await wants_news(person)
    await town.settled()
    await earns(town, 480)

    def told(person: Resident) -> int:
        return sum("March" in text for text in person.texts())

    town.world.set_latency(0.3)
    town.world.jump_to(datetime(2026, 4, 1, 10, 3, tzinfo=UTC))
    for _ in range(2):
        before = sum(map(told, people))
        await town.until(lambda before=before: sum(map(told, people)) > before, "a further statement")  # type: ignore[misc]
        await program.kill()
        await town.restarts(program)
    town.world.set_latency(0)
    town.world.jump(180)  # what a killed program had under way is taken up again
    await town.settled()

    unknown = [row.customer_id for row in await town.rows("outbox", state="unknown")]
    reached = {row.customer_id: row.chat_id for row in await town.rows("contact_points")}
    for customer_id, chat_id in reached.items():
        person = next(person for person in people if person.id == chat_id)
        assert told(person) <= 1, person.name
        assert told(person) == 1 or customer_id in unknown, person.name
    assert {delivery.state for delivery in await town.rows("deliveries")} <= {"sent", "unknown"}
