"""News of points from the real program: earned, stated with a picture, and stopped with one tap."""

from datetime import UTC, datetime

from domain.people import SYSTEM
from domain.points import Entry
from domain.rules import Rules
from services import points
from services.work import Work
from storage.database import open_database
from tests.e2e.town import TOKEN, Town
from texts import Texts


async def earns(town: Town, amount: int) -> None:
    """Give the only customer points, beside the running program."""
    (customer,) = await town.rows("customers")
    database = open_database(town.url)
    async with database.write() as tx:
        work = Work(tx, datetime.fromisoformat(town.world.now()), int(TOKEN.partition(":")[0]), Rules(), Texts())
        found = await points.earn(work, customer.id, points=amount, source_key=f"till:{amount}", by=SYSTEM)
        assert isinstance(found, Entry)
    await database.close()


async def test_ann_gets_her_statement_as_a_picture_and_stops_such_messages(lone_town: Town) -> None:
    """Her yes, her points, the first of the month at ten: a photo with its words; one tap, and no more come."""
    town = lone_town
    ann = town.person("Ann")
    await town.starts()
    ann.says("/privacy")
    await ann.taps("c:wishes")
    await ann.taps("c:consent:points:on")
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
