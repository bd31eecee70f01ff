"""Customers of another system come in by their own key: good lines are stored, bad ones told with the mend."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from domain.loyalty import CustomField, FieldKind, RecordRules
from domain.people import SYSTEM, Birthday, Role
from domain.rules import Rules
from services import records
from services.imports import Customers
from services.seeding import seed
from services.webhooks import add_endpoint
from storage.database import Database, open_database
from storage.records import Record, get_record
from storage.tables import audit, customers, import_runs, webhook_events
from tests.services.importing import Office
from texts import Texts

OWN = RecordRules(
    fields=(
        CustomField("size", FieldKind.CHOICE, {"zh_CN": "尺码"}, ("S", "M", "L")),
        CustomField("visits", FieldKind.NUMBER),
    )
)


@pytest.fixture
async def office(database: Database, texts: Texts) -> Office:
    """An office with a branch, two members of staff called Li, and Ben."""
    office = Office(database, texts, Rules(record=OWN))
    members = [(7, "Ben", Role.AGENT, None), (8, "Li", Role.AGENT, None), (9, "Li", Role.AGENT, None)]
    async with database.write() as tx:
        await seed(office.work(tx), branches=[("main", "Main")], members=members)
    return office


@pytest.fixture
async def sqlite_office(sqlite_url: str, texts: Texts) -> AsyncIterator[Office]:
    """An office on SQLite, for what no engine decides."""
    database = open_database(sqlite_url)
    yield Office(database, texts)
    await database.close()


async def record(office: Office, key: str) -> Record:
    """Return the record imported under ``key``."""
    async with office.database.read() as tx:
        found = await records.find_customer(office.work(tx), source_key=key)
        assert found is not None
        read = await get_record(tx, found)
    assert read is not None
    return read


async def test_a_name_of_signs_that_show_nothing_is_refused(sqlite_office: Office) -> None:
    """Such a line is told; in another name they are left out."""
    await sqlite_office.bring(Customers, "id,name\nc-1,\u202e\u200b\nc-2,Bo\u200bb\n")
    assert [(line, column) for line, column, _ in sqlite_office.heard.problems] == [(2, "name")]
    assert (await record(sqlite_office, "c-2")).name == "Bob"


async def test_everything_a_record_holds_comes_in(office: Office) -> None:
    """In Chinese or English columns, as people write it; the zone is taken from the number."""
    text = (
        "编号,姓名,昵称,手机,语言,生日,标签,负责人,门店,偏好,尺码,visits\n"
        "A1,王小明,小明,138 0013 8000,简体,农历1990年闰五月初八,VIP；老客户,ben,main,喜欢绿茶,M,12\n"
    )
    assert await office.bring(Customers, text) == {"new": 1}
    found = await record(office, "A1")
    assert (found.name, found.call_name, found.phone, found.language) == ("王小明", "小明", "+8613800138000", "zh_CN")
    assert (found.zone, found.zone_source) == ("Asia/Shanghai", "phone")
    assert found.birthday == Birthday(5, 8, 1990, lunar=True, leap=True)
    assert found.tags == ("vip", "老客户")
    assert found.custom == {"size": "M", "visits": 12}
    assert (found.owner_id, found.branch_id, found.preferences) == (1, 1, "喜欢绿茶")
    assert len(found.code) == 10


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1990-03-05", Birthday(3, 5, 1990)),
        ("03-05", Birthday(3, 5)),
        ("1990/3/5", Birthday(3, 5, 1990)),
        ("19900305", Birthday(3, 5, 1990)),
        ("1990年3月5日", Birthday(3, 5, 1990)),
        ("5 March 1990", Birthday(3, 5, 1990)),
        ("02-29", Birthday(2, 29)),
        ("lunar 8-15", Birthday(8, 15, lunar=True)),
        ("农历八月十五", Birthday(8, 15, lunar=True)),
        ("農曆：腊月廿三", Birthday(12, 23, lunar=True)),
        ("农历1990年闰五月初一", Birthday(5, 1, 1990, lunar=True, leap=True)),
    ],
)
async def test_birthdays_are_read_as_people_write_them(sqlite_office: Office, written: str, read: Birthday) -> None:
    """Solar or lunar, with or without the year, with any usual separator."""
    assert await sqlite_office.bring(Customers, f"id,name,birthday\n1,Ann,{written}") == {"new": 1}
    assert (await record(sqlite_office, "1")).birthday == read


async def test_every_problem_names_line_column_and_mend(office: Office) -> None:
    """A line may have several; the others are stored all the same."""
    text = (
        "id,name,birthday,language,zone,branch,phone,owner,size\n"
        "1,Ann,1990-02-29,klingon,Mars/Base,west,12,Zed,XL\n"
        ",Bob,,,,,,,\n"
        '3,"Two\nlines",2090-01-01,,,main,,Li,\n'
        "4,Cy\n"
        "\n"
        "6,Di,3/4/1990,,,,,,\n"
        "7,Eve,,,,,,,\n"
        "7,Eve again,,,,,,,\n"
        "8,Fay,,,,,,,,,\n"
        "9,Gus,,,,,,,,,x\n"
    )
    assert await office.bring(Customers, text) == {"new": 2, "bad": 7}
    assert [(line, column) for line, column, _ in office.heard.problems] == [
        *((2, column) for column in ("birthday", "language", "zone", "branch", "phone", "owner", "size")),
        (3, "id"),
        (4, "birthday"),
        (4, "owner"),
        (6, ""),
        (8, "birthday"),
        (10, "id"),
        (12, ""),
    ]
    assert "more than one member" in office.heard.problems[9][2]
    assert "may be two days" in office.heard.problems[11][2]
    assert "line 9 already" in office.heard.problems[12][2]
    assert all(text for _, _, text in office.heard.problems)


async def test_consent_is_left_out_and_unknown_columns_are_named(office: Office) -> None:
    """Nobody's yes is taken from a file."""
    assert await office.bring(Customers, "id,name,同意,opt-in,shoe\n1,Ann,yes,yes,38") == {"new": 1}
    assert office.heard.head is not None
    assert office.heard.head.consents == ("同意", "opt-in")
    assert office.heard.head.unknown == ("shoe",)


async def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    """New the first time, the same the second, changed where it was changed."""
    text = "id,name,birthday,tags,size\n1,Ann,03-05,vip,M\n2,Bob,,,\n"
    assert await office.bring(Customers, text) == {"new": 2}
    assert await office.bring(Customers, text) == {"same": 2}
    assert await office.bring(Customers, text.replace("Bob", "Robert")) == {"changed": 1, "same": 1}
    assert office.heard.outcomes[1].text == "name"


async def test_what_a_line_leaves_out_stays(office: Office) -> None:
    """Empty cells, a birthday's year, tags and own fields that the file does not name."""
    await office.bring(Customers, "id,name,birthday,language,tags,size,visits\n1,Ann,1990-03-05,zh_TW,vip,M,3\n")
    assert await office.bring(Customers, "id,name,birthday,tags,visits\n1,Ann,03-05,tea,4\n") == {"changed": 1}
    found = await record(office, "1")
    assert (found.birthday, found.language) == (Birthday(3, 5, 1990), "zh_TW")
    assert (found.tags, found.custom) == (("tea", "vip"), {"size": "M", "visits": 4})


async def test_what_a_person_said_of_their_zone_is_not_overruled(office: Office) -> None:
    """A file may know the zone better than a guess from a number does, never better than the person."""
    await office.bring(Customers, "id,name,phone\n1,Ann,13800138000\n2,Bob,13800138001\n")
    async with office.database.write() as tx:
        bob = (await tx.execute(select(customers.c.id).where(customers.c.source_key == "2"))).scalar_one()
        await tx.execute(update(customers).where(customers.c.id == bob).values(zone="Asia/Taipei", zone_source="asked"))
    file = "id,name,zone\n1,Ann,Europe/Paris\n2,Bob,Europe/Paris\n"
    assert await office.bring(Customers, file) == {"changed": 1, "same": 1}
    assert ((await record(office, "1")).zone, (await record(office, "2")).zone) == ("Europe/Paris", "Asia/Taipei")


async def test_a_record_made_by_import_is_as_one_made_by_hand(office: Office) -> None:
    """The quick way through and the one door make the same row, and tell other systems the same."""
    async with office.database.write() as tx:
        work = office.work(tx)
        await add_endpoint(work, url="https://example.org/hook", kinds=[], allow_private=False, by=SYSTEM)
        fields = {"phone": "13800138000", "birthday": Birthday(3, 5, 1990), "tags": {"VIP"}, "custom": {"size": "M"}}
        made = await records.create_customer(work, by=SYSTEM, name="Ann", source_key="hand", **fields)
        assert isinstance(made, int)
        await records.change_record(work, made, by=SYSTEM, phone="13800138001", tags={"VIP", "tea"})
    first = "id,name,phone,birthday,tags,size\nfile,Ann,13800138000,1990-03-05,VIP,M\n"
    await office.bring(Customers, first)
    await office.bring(Customers, first.replace("8000", "8001").replace("VIP", "tea"))
    by_hand, by_file = await record(office, "hand"), await record(office, "file")
    assert replace(by_file, id=by_hand.id, code=by_hand.code, source_key="hand") == by_hand
    async with office.database.read() as tx:
        events = (await tx.execute(select(webhook_events.c.kind, webhook_events.c.data))).all()
    told = [(kind, {k: v for k, v in data.items() if k == "fields"}) for kind, data in events]
    assert told[:2] == told[2:]


async def test_a_proved_number_is_no_longer_proved_when_a_file_changes_it(office: Office) -> None:
    """Telegram vouched for the old one only."""
    await office.bring(Customers, "id,name,phone\n1,Ann,13800138000\n")
    async with office.database.write() as tx:
        await tx.execute(update(customers).values(phone_proved_at=office.work(tx).now))
    await office.bring(Customers, "id,name,phone\n1,Ann,13800138001\n")
    assert (await record(office, "1")).phone_proved_at is None


async def test_a_merged_record_is_left_alone(office: Office) -> None:
    """The file still has the duplicate; the record it went into is not overwritten with it."""
    text = "id,name\n1,Ann Li\n2,Ann\n"
    await office.bring(Customers, text)
    one, two = [(await record(office, key)).id for key in ("1", "2")]
    async with office.database.write() as tx:
        await tx.execute(update(customers).where(customers.c.id == two).values(merged_into=one))
    assert await office.bring(Customers, text.replace("2,Ann", "2,Anna")) == {"same": 2}
    assert (await record(office, "1")).name == "Ann Li"


async def test_a_dry_run_says_what_would_be_and_stores_nothing(office: Office) -> None:
    """Line by line, and not a trace of it in the database."""
    await office.bring(Customers, "id,name\n1,Ann\n")
    async with office.database.read() as tx:
        before = [(await tx.execute(select(func.count()).select_from(t))).scalar() for t in (customers, audit)]
    text = "id,name,tags\n1,Anna,vip\n2,Bob,\n3,,\n"
    assert await office.bring(Customers, text, dry_run=True) == {"new": 1, "changed": 1, "bad": 1}
    assert [(o.line, o.result, o.text) for o in office.heard.outcomes[:2]] == [
        (2, "changed", "name, tags"),
        (3, "new", ""),
    ]
    async with office.database.read() as tx:
        after = [(await tx.execute(select(func.count()).select_from(t))).scalar() for t in (customers, audit)]
        runs = (await tx.execute(select(func.count()).select_from(import_runs))).scalar()
    assert (after, runs) == (before, 1)


async def test_every_imported_change_is_audited(office: Office) -> None:
    """What was before and after can be seen."""
    await office.bring(Customers, "id,name\n2,Bob\n")
    await office.bring(Customers, "id,name,birthday\n2,Robert,lunar 8-15\n")
    async with office.database.read() as tx:
        made = select(audit.c.before, audit.c.after).where(audit.c.action == "customer.import").order_by(audit.c.id)
        rows = [tuple(row) for row in await tx.execute(made)]
    birthday = {"month": 8, "day": 15, "year": None, "lunar": True, "leap": False}
    assert rows == [
        (None, {"name": "Bob", "language": "en"}),
        ({"name": "Bob", "birthday": None}, {"name": "Robert", "birthday": birthday}),
    ]
