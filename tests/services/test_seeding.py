"""The configuration seeds staff and branches; the database owns them afterwards."""

from sqlalchemy import select, update

from domain.people import Role
from services.seeding import seed
from services.work import Work
from storage.database import Database
from storage.staff import load_staff
from storage.tables import audit, branches, staff_members
from tests.services.shop import BOT, Working

GROUP = -100500


async def sow(work: Work) -> None:
    """Seed one group, one member and one branch."""
    await seed(
        work,
        groups=[(GROUP, "Desk", "zh_CN")],
        members=[(7, "Sue", Role.SUPERVISOR, None)],
        branches=[("main", "Main street")],
    )


async def test_seeds_become_rows(working: Working) -> None:
    """Sue may work from the first start on."""
    async with working() as work:
        await sow(work)
    async with working() as work:
        staff = await load_staff(work.tx, bot_id=BOT)
    assert staff.member(7).role is Role.SUPERVISOR
    assert (staff.groups[GROUP].name, staff.groups[GROUP].language) == ("Desk", "zh_CN")


async def test_what_people_changed_is_not_changed_back(working: Working) -> None:
    """Sue was switched off in the database; a restart does not bring her back."""
    async with working() as work:
        await sow(work)
        await work.tx.execute(update(staff_members).values(active=False, name="Susan"))
    async with working() as work:
        await sow(work)
        staff = await load_staff(work.tx, bot_id=BOT)
    assert not staff.member(7).active
    assert staff.members[7].name == "Susan"


async def test_seeding_is_audited_once(working: Working, database: Database) -> None:
    """The first start leaves one row each; later starts leave none."""
    for _ in range(2):
        async with working() as work:
            await sow(work)
    async with database.read() as tx:
        actions = (await tx.execute(select(audit.c.action).order_by(audit.c.id))).scalars().all()
        names = (await tx.execute(select(branches.c.name))).scalars().all()
    assert actions == ["staff_group.seed", "staff_member.seed", "branch.seed"]
    assert names == ["Main street"]


async def test_without_staff_nothing_is_seeded(working: Working) -> None:
    """Both may be absent: customers are served all the same."""
    async with working() as work:
        await seed(work)
        staff = await load_staff(work.tx, bot_id=BOT)
    assert (staff.members, staff.groups) == ({}, {})


async def test_who_names_no_language_reads_that_of_the_group(working: Working) -> None:
    """In private, too, Ben of a desk in Taipei is written to as his group is; Ada chose her own."""
    async with working() as work:
        ben, ada = (7, "Ben", Role.AGENT, None), (8, "Ada", Role.ADMIN, "en")
        await seed(work, groups=[(-1, "Desk", "zh_TW")], members=[ben, ada])
        staff = await load_staff(work.tx, bot_id=BOT)
    assert [staff.member(7).language, staff.member(8).language] == ["zh_TW", "en"]
