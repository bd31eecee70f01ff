"""A good customer who stays away becomes a task, once, with the figures behind it."""

from datetime import timedelta

from domain.people import Role
from services.rhythm import forget_silence, warn_of_silence
from services.seeding import seed
from services.work import Work
from storage.staff import load_staff
from storage.tables import customers, tasks
from tests.services.sales import buys, guest
from tests.services.shop import BOT, Working

DAY = timedelta(days=1)


async def regular(work: Work, name: str, chat_id: int, *, every: int, times: int = 5, tier: str = "gold") -> int:
    """Return a customer who bought every so many days until today, looked after by Ben."""
    customer_id = await guest(work, name, chat_id)
    await seed(work, members=[(7, "Ben", Role.AGENT, None)])
    ben = (await load_staff(work.tx, bot_id=BOT)).member(7)
    for nth in reversed(range(times)):
        await buys(work, customer_id, 10, f"{name}{nth}", bought_at=work.now - nth * every * DAY)
    work.tx.change(customers, customer_id, tier=tier, owner_id=ben.id)
    await work.tx.flush()
    return customer_id


async def warnings(work: Work) -> list[tuple[int, str, dict[str, object], bool]]:
    """Return the tasks there are: whom about, the words, the figures, whether cancelled."""
    rows = await work.tx.execute(tasks.select().order_by(tasks.c.id))
    return [(row.customer_id, row.text, row.why, row.cancelled_at is not None) for row in rows]


async def test_the_owner_gets_one_task_with_the_reason(working: Working) -> None:
    """Ann comes every ten days; after three weeks Ben has a task; Bob, who comes monthly, is not missed yet."""
    async with working() as work:
        ann = await regular(work, "Ann", 1001, every=10)
        await regular(work, "Bob", 1002, every=30)
    async with working(later=20 * DAY) as work:
        assert await warn_of_silence(work, limit=10) == 0
    async with working(later=22 * DAY) as work:
        assert await warn_of_silence(work, limit=10) == 1
        assert await warn_of_silence(work, limit=10) == 0
    async with working(later=40 * DAY) as work:
        assert await warn_of_silence(work, limit=10) == 0
        ((whom, text, why, _),) = await warnings(work)
        ben = (await load_staff(work.tx, bot_id=BOT)).member(7)
        owners = [row.owner_id for row in await work.tx.execute(tasks.select())]
    assert (whom, owners) == (ann, [ben.id])
    assert "Ann" in text
    assert "10" in text
    assert "22" in text
    assert why["usual_days"] == 10


async def test_whoever_comes_back_is_no_task_any_more_and_may_be_missed_again(working: Working) -> None:
    """The task is cancelled by the purchase; the next silence makes another."""
    async with working() as work:
        ann = await regular(work, "Ann", 1001, every=10)
    async with working(later=22 * DAY) as work:
        assert await warn_of_silence(work, limit=10) == 1
    async with working(later=23 * DAY) as work:
        await buys(work, ann, 10, "back")
    async with working(later=24 * DAY) as work:
        assert await forget_silence(work, limit=10) == 1
        assert await forget_silence(work, limit=10) == 0
    async with working(later=60 * DAY) as work:
        assert await warn_of_silence(work, limit=10) == 1
        assert [cancelled for *_, cancelled in await warnings(work)] == [True, False]


async def test_small_slices_miss_nobody(working: Working) -> None:
    """Seven who stay away are all found, two at a look."""
    async with working() as work:
        people = [await regular(work, f"Guest{nth}", 1001 + nth, every=5) for nth in range(7)]
        await regular(work, "Newcomer", 2001, every=5, tier="new")
    found = 0
    async with working(later=30 * DAY) as work:
        while done := await warn_of_silence(work, limit=2):
            found += done
        assert {whom for whom, *_ in await warnings(work)} == set(people)
    assert found == 7
