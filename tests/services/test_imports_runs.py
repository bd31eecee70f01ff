"""An import that is stopped goes on where it stopped; whoever writes beside it waits for one slice at most."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from domain.errors import BadInput
from services.imports import Customers, Known, Outcome
from services.imports.columns import Row
from services.work import Work
from storage.database import Database, open_database
from storage.imports import get_run, mark_lines_done, open_run
from storage.tables import audit, customers, import_runs
from tests.services.importing import Office
from tests.services.shop import MORNING
from texts import Texts

FILE = "id,name\n" + "".join(f"{n},Guest {n}\n" for n in range(300)) + ",nobody\n" + "7,Guest 7 again\n"
BAD = {(302, "id"), (303, "id")}


@pytest.fixture
def office(database: Database, texts: Texts) -> Office:
    """A back office."""
    return Office(database, texts)


class PowerCut(BaseException):
    """Ends the program in the middle of something."""


class CutShort(Customers):
    """Imports until the lights go out, in the middle of a slice."""

    def __init__(self, known: Known) -> None:
        super().__init__(known)
        self._left = 150

    async def store(self, work: Work, lines: Sequence[Row], *, dry_run: bool) -> list[Outcome]:
        """Store, and lose power before the commit once enough is stored."""
        done = await super().store(work, lines, dry_run=dry_run)
        await work.tx.flush()
        self._left -= len(lines)
        if self._left < 0:
            raise PowerCut
        return done


CutShort.__name__ = "Customers"


async def count(office: Office) -> tuple[int, int]:
    """Return how many customers there are, and how many audit rows of imports."""
    async with office.database.read() as tx:
        rows = (await tx.execute(select(func.count()).select_from(customers))).scalar_one()
        trail = select(func.count()).select_from(audit).where(audit.c.action == "customer.import")
        return rows, (await tx.execute(trail)).scalar_one()


async def test_a_run_that_was_stopped_goes_on_and_ends_the_same(office: Office) -> None:
    """Nothing is done twice, and the counts and problems are those of one unbroken run."""
    with pytest.raises(PowerCut):
        await office.bring(CutShort, FILE)
    stored, _ = await count(office)
    assert 0 < stored < 300
    assert await office.bring(Customers, FILE) == {"new": 300, "bad": 2}
    assert office.heard.lines_done == stored + 1
    assert await count(office) == (300, 300)
    assert {(line, column) for line, column, _ in office.heard.problems} == BAD
    assert "line 9 already" in office.heard.problems[1][2]


async def test_a_finished_run_may_be_repeated_and_changes_nothing(office: Office) -> None:
    """The second time everything is the same; other options are another run."""
    assert await office.bring(Customers, FILE) == {"new": 300, "bad": 2}
    assert await office.bring(Customers, FILE) == {"same": 300, "bad": 2}
    assert await office.bring(Customers, FILE, choices=("name=name",)) == {"same": 300, "bad": 2}
    assert await count(office) == (300, 300)
    async with office.database.read() as tx:
        runs = (await tx.execute(select(import_runs.c.lines_done, import_runs.c.ended_at))).all()
    assert [(run.lines_done, run.ended_at is not None) for run in runs] == [(303, True)] * 2


async def test_two_imports_of_one_file_at_once_double_nothing(database: Database, texts: Texts) -> None:
    """One of them is told, or finds everything done."""
    offices = [Office(database, texts) for _ in range(2)]
    ended = await asyncio.gather(*(one.bring(Customers, FILE) for one in offices), return_exceptions=True)
    told = [str(end) for end in ended if isinstance(end, BadInput)]
    assert all("another carebot" in line for line in told)
    assert len(told) < 2
    assert not [end for end in ended if isinstance(end, BaseException) and not isinstance(end, BadInput)]
    assert await count(offices[0]) == (300, 300)


async def test_a_run_that_somebody_else_brought_forward_is_left_to_them(database: Database) -> None:
    """Whoever comes second with a slice stores nothing of it; and a run that has ended begins anew."""
    async with database.write() as tx:
        ours = await open_run(tx, kind="customers", fingerprint="x", now=MORNING)
        theirs = await open_run(tx, kind="customers", fingerprint="x", now=MORNING)
        assert await mark_lines_done(tx, theirs, lines_done=5, counts={"new": 5}) is not None
        assert await mark_lines_done(tx, ours, lines_done=7, counts={"new": 7}) is None
        again = await open_run(tx, kind="customers", fingerprint="x", now=MORNING)
        assert (again.lines_done, again.counts) == (5, {"new": 5})
        assert await mark_lines_done(tx, again, lines_done=5, counts={"new": 5}, ended_at=MORNING) is not None
        assert await mark_lines_done(tx, again, lines_done=6, counts={"new": 6}) is None
        assert await get_run(tx, kind="customers", fingerprint="x") is None
        assert (await open_run(tx, kind="customers", fingerprint="x", now=MORNING)).lines_done == 0


async def test_who_writes_beside_an_import_waits_for_one_slice(sqlite_url: str, texts: Texts) -> None:
    """A program of its own, as the running bot is, gets the writer between any two slices."""
    ours, theirs = open_database(sqlite_url), open_database(sqlite_url)
    text = "id,name\n" + "".join(f"{n},Guest {n}\n" for n in range(4000))
    importing = asyncio.create_task(Office(ours, texts).bring(Customers, text))
    waits: list[float] = []
    while not importing.done():
        began = time.monotonic()
        async with theirs.write() as tx:
            await tx.execute(select(func.count()).select_from(import_runs))
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.01)
    assert await importing == {"new": 4000}
    await ours.close()
    await theirs.close()
    assert len(waits) > 5
    assert sorted(waits)[len(waits) // 2] < 0.2
    assert max(waits) < 1.0  # generous: the machine may be busy
