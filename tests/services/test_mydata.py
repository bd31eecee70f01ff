"""Whoever asks gets everything that is kept about them, and nothing about anybody else."""

import json
import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bot.made_files import make
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services import mydata
from services.work import Person
from storage import tables
from storage.audit import add_audit
from storage.database import Database
from storage.files import get_file
from storage.mydata_parts import DECISIONS, NOT_SHOWN, PARTS
from tests.services.shop import Working
from tests.services.traces import shop, worded


def test_every_table_is_in_the_file_or_there_is_a_reason() -> None:
    """A new table cannot come in without saying whether a person gets to see its rows."""
    names = {table.name for table in tables.metadata.sorted_tables}
    assert set(DECISIONS) == names
    assert not {part.table.name for part in PARTS} & set(NOT_SHOWN)
    assert all(isinstance(decision, tuple) or len(decision) > 10 for decision in DECISIONS.values())


def test_every_column_is_in_the_file_or_there_is_a_reason() -> None:
    """A new column of a table that is shown cannot be forgotten either, nor one that is gone be kept."""
    for part in PARTS:
        assert part.decided() == {column.name for column in part.table.columns}, part.name


async def file_of(database: Database, person: Person) -> dict[str, Any]:
    """Return a person's file as read by a program."""
    recipe = {"customer_id": person.customer.id, "at": "2026-11-22T09:00:00+00:00", "about": ["all of it"]}
    async with database.read() as tx:
        found: dict[str, Any] = json.loads(await mydata.write_mydata(recipe, tx))
        return found


async def mark_places(database: Database, word: str) -> dict[str, str]:
    """Number every place in which ``word`` stands; returns the places by their marked word."""
    marks: dict[str, str] = {}
    async with database.write() as tx:
        for table in tables.metadata.sorted_tables:
            keys = list(table.primary_key.columns)
            for column in worded(table):
                for row in (await tx.execute(select(column.label("value"), *keys))).all():
                    written = json.dumps(row.value, ensure_ascii=False)
                    if word not in written.lower():
                        continue
                    mark = f"{word}~{len(marks)}~"
                    marks[mark] = f"{table.name}.{column.name}"
                    value = json.loads(re.sub(word, mark, written, flags=re.IGNORECASE))
                    this = [key == row._mapping[key.name] for key in keys if key.name in row._mapping]
                    await tx.execute(table.update().where(*this).values({column.name: value}))
    return marks


UNSEEN = {
    "api_answers.answer",
    "api_answers.idempotency_key",
    "approvals.asked",
    "files.dedupe_key",
    "files.recipe",
    "inbox.payload",
    "interactions.text",  # a note of staff; what was said openly is found besides
    "link_codes.code_hash",
    "media.file_id",
    "media.file_unique_id",
    "notices.key",
    "outbox.coalesce_key",
    "outbox.body",  # what the staff group was told of her; what she was told is found besides
}
"""Where words of Ann's stand that are not in her file: the reasons are in ``storage.mydata_parts``."""


async def test_each_text_of_ann_is_in_her_file_and_none_of_bob(database: Database, working: Working) -> None:
    """Each place in which a word of hers stands is looked for by itself; of Bob there is nothing."""
    ann, _bob = await shop(working)
    marks = await mark_places(database, "annsecret")
    written = json.dumps(await file_of(database, ann), ensure_ascii=False).lower()
    assert {place for mark, place in marks.items() if mark not in written} == UNSEEN
    found = {place for mark, place in marks.items() if mark in written}
    assert {"interactions.text", "outbox.body", "customers.preferences", "vouchers.code", "audit.after"} <= found
    assert "bobsecret" not in written
    assert "ben" not in re.findall(r"\w+", written)


async def test_notes_of_staff_are_counted_not_quoted(database: Database, working: Working) -> None:
    """The file says that there is a note, and what it is about stays among staff."""
    ann, _bob = await shop(working)
    file = await file_of(database, ann)
    assert file["notes_of_staff"] == 1
    assert "note about" not in json.dumps(file)


async def test_nobody_else_is_named_by_a_change(database: Database, working: Working) -> None:
    """What changed is there, without the numbers of colleagues and of who brought her."""
    ann, bob = await shop(working)
    async with working() as work:
        after = {"tier": "gold", "owner_id": 1, "asked_by": 2, "referrer_id": bob.customer.id}
        his = ann.customer.id
        add_audit(work.tx, at=work.now, actor=SYSTEM, action="x", subject=("y", 1), customer_id=his, after=after)
    (change,) = [change for change in (await file_of(database, ann))["changes"] if change["action"] == "x"]
    assert change["after"] == {"tier": "gold"}


async def test_records_merged_into_hers_are_in_the_file(database: Database, working: Working) -> None:
    """What a duplicate still holds belongs to the same person."""
    ann, bob = await shop(working)
    async with working() as work:
        work.tx.change(tables.customers, bob.customer.id, merged_into=ann.customer.id)
    file = await file_of(database, ann)
    assert [record["name"] for record in file["records"]] == ["annsecret", "bobsecret"]
    assert len(file["purchases"]) == 2


async def test_the_file_is_ordered_once_a_day(database: Database, working: Working) -> None:
    """The second wish of a day is refused with the time; another day it is a new file."""
    ann, _bob = await shop(working)
    for later, refused in ((timedelta(hours=1), False), (timedelta(hours=2), True), (timedelta(hours=26), False)):
        async with working(later=later) as work:
            answer = await mydata.order(work, ann)
            assert isinstance(answer, Refusal) is refused
    async with database.read() as tx:
        wanted = select(tables.files).where(tables.files.c.kind == "mydata")
        files = (await tx.execute(wanted.order_by(tables.files.c.id))).all()
        jobs = (await tx.execute(select(tables.jobs.c.ref).where(tables.jobs.c.kind == "make_file"))).scalars()
        assert set(jobs) == {file.id for file in files}
    assert [file.name for file in files] == ["mydata-2026-11-22.json", "mydata-2026-11-23.json"]
    assert files[0].recipe["made"]["customer_id"] == ann.customer.id


async def test_the_job_makes_the_file_that_was_ordered(database: Database, working: Working) -> None:
    """What was wanted in the transaction is made outside of it, and says at its head what it is in her language."""
    ann, _bob = await shop(working)
    async with working() as work:
        assert await mydata.order(work, ann) is None
    async with database.read() as tx:
        wanted = select(tables.files.c.id).where(tables.files.c.kind == "mydata")
        file = await get_file(tx, (await tx.execute(wanted)).scalar_one())
    assert file is not None
    made = json.loads(await make(file, database))
    assert made["about"][0] == "Everything Our shop keeps about you."
    assert made["about"][2].startswith("Not quoted: 1 note of our people")
    assert [record["code"] for record in made["records"]] == [ann.customer.code]
    assert [change["action"] for change in made["changes"]][-1] == "customer.mydata"


async def test_a_file_that_could_not_be_made_may_be_asked_for_again(working: Working) -> None:
    """Nobody waits a day for our failure."""
    ann, _bob = await shop(working)
    async with working() as work:
        assert await mydata.order(work, ann) is None
        await work.tx.execute(tables.jobs.update().where(tables.jobs.c.kind == "make_file").values(state="failed"))
    async with working(later=timedelta(minutes=5)) as work:
        assert await mydata.order(work, ann) is None
