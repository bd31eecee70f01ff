"""Customers of another system come in by their own key: good lines are stored, bad ones told with the mend."""

from datetime import date

import pytest
from sqlalchemy import select

from domain.errors import BadInput
from services.imports import decode, parse_customers, store_customers
from services.work import Work
from storage.database import Database
from storage.tables import audit, customers
from tests.services.shop import Working

TODAY = date(2026, 11, 22)
BRANCHES = {"main": 1}


def problems(text: str) -> list[tuple[int, str, str]]:
    """Return the problems of a file as ``(line, column, text)``."""
    parsed = parse_customers(text, branches=BRANCHES, today=TODAY)
    return [(problem.line, problem.column, problem.text) for problem in parsed.problems]


async def bring(work: Work, text: str, *, dry_run: bool = False) -> dict[str, int]:
    """Import a file's good lines and return the counts."""
    parsed = parse_customers(text, branches={}, today=TODAY)
    return dict(await store_customers(work, parsed.rows, dry_run=dry_run))


@pytest.mark.parametrize(
    "head",
    ["id,name,birthday,language", "编号,姓名,生日,语言", "編號;姓名;生日;語言", "ID\tName\tBirthday\tLanguage"],
)
def test_columns_are_known_in_three_languages_and_any_separator(head: str) -> None:
    """What a spreadsheet of the shop calls them is understood."""
    separator = max(",;\t", key=head.count)
    text = f"{head}\n" + separator.join(["A1", "Ann", "1990-03-05", "繁體中文"])
    (row,) = parse_customers(text, branches=BRANCHES, today=TODAY).rows
    assert row.key == "A1"
    assert row.values == {"name": "Ann", "birth_month": 3, "birth_day": 5, "birth_year": 1990, "language": "zh_TW"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1990-03-05", (3, 5, 1990)),
        ("03-05", (3, 5, None)),
        ("1990/3/5", (3, 5, 1990)),
        ("1990年3月5日", (3, 5, 1990)),
        ("3月5日", (3, 5, None)),
        ("02-29", (2, 29, None)),
    ],
)
def test_birthdays_are_read_as_people_write_them(written: str, read: tuple[int, int, int | None]) -> None:
    """With or without the year, with any usual separator."""
    (row,) = parse_customers(f"id,name,birthday\n1,Ann,{written}", branches={}, today=TODAY).rows
    assert (row.values["birth_month"], row.values["birth_day"], row.values["birth_year"]) == read


def test_every_problem_names_line_column_and_mend() -> None:
    """A line may have several; the others are read all the same."""
    text = (
        "id,name,birthday,language,zone,branch\n"
        "1,Ann,1990-02-29,klingon,Mars/Base,west\n"
        ",Bob,,,,\n"
        '3,"Two\nlines",2090-01-01,,,main\n'
        "4,Cy\n"
        "\n"
        "6,Di,,,,\n"
        "6,Di again,,,,\n"
    )
    found = problems(text)
    assert [(line, column) for line, column, _ in found] == [
        (2, "birthday"),
        (2, "language"),
        (2, "zone"),
        (2, "branch"),
        (3, "id"),
        (4, "birthday"),
        (6, ""),
        (9, "id"),
    ]
    assert "line 8 already" in found[-1][2]
    assert all(text for _, _, text in found)


def test_ten_thousand_bad_lines_are_ten_thousand_problems() -> None:
    """Nothing stops at the first, and the good line among them is kept."""
    text = "id,name\n" + ",nobody\n" * 10_000 + "1,Ann\n"
    parsed = parse_customers(text, branches={}, today=TODAY)
    assert len(parsed.problems) == 10_000
    assert [row.line for row in parsed.rows] == [10_002]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("name,phone\nAnn,1", "there is no column id"),
        ("id,phone\n1,1", "there is no column name"),
        ("id,id,name\n1,1,Ann", "two columns are the id"),
    ],
)
def test_a_head_line_that_cannot_be_used_is_told(text: str, says: str) -> None:
    """One line for the whole file."""
    with pytest.raises(BadInput, match=says):
        parse_customers(text, branches={}, today=TODAY)


def test_unknown_columns_are_named_and_ignored() -> None:
    """A phone number nobody asked for stays outside."""
    parsed = parse_customers("id,name,phone\n1,Ann,123", branches={}, today=TODAY)
    assert parsed.unknown_columns == ["phone"]
    assert "123" not in str(parsed.rows)


def test_encodings_of_the_shops_programs_are_read() -> None:
    """UTF-8 with and without a mark, GB18030, and another when it is named."""
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        assert decode("姓名".encode(encoding)) == "姓名"
    assert decode("姓名".encode("big5"), "big5") == "姓名"


@pytest.mark.parametrize("raw", [b"PK\x03\x04....", b"\xff\xfei\x00d\x00", b"id,name\n\xff\xff\xff"])
def test_what_is_no_text_is_told_in_one_line(raw: bytes) -> None:
    """A workbook, UTF-16 and noise are not guessed at."""
    with pytest.raises(BadInput) as caught:
        decode(raw)
    assert "CSV UTF-8" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_encoding_nobody_knows_is_told() -> None:
    """A misspelt option is no traceback."""
    with pytest.raises(BadInput, match="--encoding"):
        decode(b"x", "utf-88")


async def test_the_same_file_twice_changes_nothing(working: Working) -> None:
    """New the first time, the same the second, changed where it was changed."""
    text = "id,name,birthday\n1,Ann,03-05\n2,Bob,\n"
    async with working() as work:
        assert await bring(work, text) == {"new": 2}
    async with working() as work:
        assert await bring(work, text) == {"same": 2}
    async with working() as work:
        assert await bring(work, text.replace("Bob", "Robert")) == {"changed": 1, "same": 1}


async def test_an_empty_cell_leaves_what_is_known(working: Working, database: Database) -> None:
    """A file without birthdays does not take birthdays away."""
    async with working() as work:
        await bring(work, "id,name,birthday,language\n1,Ann,03-05,zh_TW\n")
    async with working() as work:
        assert await bring(work, "id,name,birthday\n1,Ann,\n") == {"same": 1}
    async with database.read() as tx:
        row = (await tx.execute(select(customers))).one()
    assert (row.birth_month, row.birth_day, row.language) == (3, 5, "zh_TW")


async def test_a_dry_run_counts_and_stores_nothing(working: Working, database: Database) -> None:
    """What would be, and nothing that is."""
    async with working() as work:
        assert await bring(work, "id,name\n1,Ann\n", dry_run=True) == {"new": 1}
    async with database.read() as tx:
        assert (await tx.execute(select(customers))).all() == []


async def test_every_imported_change_is_audited(working: Working, database: Database) -> None:
    """What was before and after can be seen."""
    for name in ("Bob", "Robert"):
        async with working() as work:
            await bring(work, f"id,name\n2,{name}\n")
    async with database.read() as tx:
        rows = (await tx.execute(select(audit.c.action, audit.c.before, audit.c.after).order_by(audit.c.id))).all()
    assert rows == [
        ("customer.import", None, {"name": "Bob"}),
        ("customer.import", {"name": "Bob"}, {"name": "Robert"}),
    ]
