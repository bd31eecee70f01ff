"""Importing customers from CSV: read leniently, checked line by line, stored by the key of their own system."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import is_birthday
from domain.errors import BadInput
from domain.languages import LANGUAGES
from domain.people import SYSTEM
from domain.words import storable
from services.work import Work
from storage import people as people_rows
from storage.audit import add_audit
from texts.tables import read_table

_COLUMNS = ("id", "name", "language", "zone", "birthday", "branch")
_COLUMN_OF = {**{column: column for column in _COLUMNS}, **dict(read_table("columns"))}
_LANGUAGES = {**{name.casefold(): name for name in LANGUAGES}, **dict(read_table("languages"))}
_DATE = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?")
_NAME_LETTERS = 128
_KEY_LETTERS = 128
_OLDEST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one line of the file, and how to mend it."""

    line: int
    column: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One good line. A column that is absent or empty is not in ``values`` and leaves what is known as it is."""

    line: int
    key: str
    values: dict[str, Any]


@dataclass(slots=True)
class Parsed:
    """A file taken apart: good lines, problems, and columns nobody knows."""

    rows: list[ImportRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)


class _Wrong(ValueError):
    """One cell is wrong; the text says what, and the mend."""


def decode(raw: bytes, encoding: str | None = None) -> str:
    """Return the text of a CSV file: UTF-8, else GB18030, unless ``encoding`` names another.

    Raises :class:`BadInput` for anything that is no text.
    """
    if raw.startswith(b"PK\x03\x04"):
        raise BadInput("this is a spreadsheet or an archive, not CSV; save it as “CSV UTF-8” first")
    if b"\x00" in raw[:4096]:
        raise BadInput("this is not a text file (or it is UTF-16); save it as “CSV UTF-8” first")
    for name in [encoding] if encoding else ["utf-8-sig", "gb18030"]:
        try:
            return raw.decode(name)
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise BadInput(f"--encoding: there is no encoding {name}; try utf-8, gb18030 or big5") from None
    tried = encoding or "UTF-8 nor GB18030"
    raise BadInput(f"the text is neither {tried}; save it as “CSV UTF-8”, or name its encoding with --encoding")


def parse_customers(text: str, *, branches: dict[str, int], today: date) -> Parsed:
    """Take a CSV file apart. Raises :class:`BadInput` when its head line cannot be used."""
    lines = _lines(text)
    try:
        _, head = next(lines)
    except StopIteration:
        raise BadInput("the file is empty; its first line names the columns: id, name, language, …") from None
    columns = [_COLUMN_OF.get(cell.strip().casefold(), "") for cell in head]
    _check_head(columns, head)
    parsed = Parsed(unknown_columns=[h.strip() for h, c in zip(head, columns, strict=True) if not c and h.strip()])
    seen: dict[str, int] = {}
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        _read_line(parsed, line, cells, columns, seen=seen, branches=branches, today=today)
    return parsed


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the number of its first line."""
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(f"line {line}: this is no CSV: {error}") from None
        yield line, cells
        line = reader.line_num + 1


def _check_head(columns: list[str], head: list[str]) -> None:
    for column, count in Counter(filter(None, columns)).items():
        if count > 1:
            raise BadInput(f"line 1: two columns are the {column}; keep one of them")
    for needed in ("id", "name"):
        if needed not in columns:
            shown = ", ".join(cell.strip()[:20] for cell in head[:8])
            others = [name for name, column in _COLUMN_OF.items() if column == needed]
            mend = f"name one of the columns `{needed}` (or {', '.join(others[-3:])})"
            raise BadInput(f"line 1: there is no column {needed} among {shown}; {mend}")


def _read_line(
    parsed: Parsed,
    line: int,
    cells: list[str],
    columns: list[str],
    *,
    seen: dict[str, int],
    branches: dict[str, int],
    today: date,
) -> None:
    if len(cells) != len(columns):
        text = f"has {len(cells)} cells, the head line has {len(columns)}; quote cells that hold the separator"
        parsed.problems.append(Problem(line, "", "", text))
        return
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    given = {column: storable(cell.strip()) for column, cell in zip(columns, cells, strict=True) if column}
    for column, cell in given.items():
        try:
            values |= _read_cell(column, cell, branches=branches, today=today)
        except _Wrong as wrong:
            problems.append(Problem(line, column, cell, str(wrong)))
    key = given["id"]
    if not problems and key in seen:
        problems.append(Problem(line, "id", key, f"stands in line {seen[key]} already; keep one of the two"))
    if problems:
        parsed.problems += problems
        return
    seen[key] = line
    parsed.rows.append(ImportRow(line, key, values))


def _read_cell(column: str, cell: str, *, branches: dict[str, int], today: date) -> dict[str, Any]:
    if column in ("id", "name"):
        if not cell:
            raise _Wrong("is empty; every customer needs one")
        if len(cell) > (_KEY_LETTERS if column == "id" else _NAME_LETTERS):
            raise _Wrong(f"is longer than {_NAME_LETTERS} letters; shorten it")
        return {"name": cell} if column == "name" else {}
    if not cell:
        return {}
    if column == "language":
        return {"language": _language(cell)}
    if column == "zone":
        return {"zone": _zone(cell)}
    if column == "branch":
        if cell not in branches:
            known = ", ".join(sorted(branches)[:8]) or "none yet"
            raise _Wrong(f"is no branch; known are: {known} (see business.branches in the configuration)")
        return {"branch_id": branches[cell]}
    return _birthday(cell, today)


def _language(cell: str) -> str:
    language = _LANGUAGES.get(cell.casefold().replace("-", "_"))
    if language is None:
        raise _Wrong(f"is no language carebot speaks; write {', '.join(LANGUAGES)}")
    return language


def _zone(cell: str) -> str:
    try:
        return ZoneInfo(cell).key
    except (LookupError, ValueError, OSError):
        raise _Wrong("is no time zone; write an IANA name such as Asia/Shanghai") from None


def _birthday(cell: str, today: date) -> dict[str, Any]:
    match = _DATE.fullmatch(cell)
    month, day = (int(match[2]), int(match[3])) if match else (0, 0)
    year = int(match[1]) if match and match[1] else None
    if not is_birthday(month, day):
        raise _Wrong("is no date; write YYYY-MM-DD, or MM-DD without the year")
    if year is not None:
        try:
            on = date(year, month, day)
        except ValueError:
            raise _Wrong("is no day of that year; write YYYY-MM-DD, or MM-DD without the year") from None
        if on > today or year < _OLDEST_YEAR:
            raise _Wrong("is in the future or too long ago; write YYYY-MM-DD, or MM-DD without the year")
    return {"birth_month": month, "birth_day": day, "birth_year": year}


async def store_customers(work: Work, rows: Sequence[ImportRow], *, dry_run: bool = False) -> Counter[str]:
    """Insert and update the customers of one slice, audited; returns how many are new, changed and the same.

    With ``dry_run`` nothing is written.
    """
    known = await people_rows.list_imported(work.tx, [row.key for row in rows])
    counts: Counter[str] = Counter()
    for row in rows:
        before = known.get(row.key)
        if before is None:
            counts["new"] += 1
            if not dry_run:
                await _insert(work, row)
            continue
        changed = {name: value for name, value in row.values.items() if before[name] != value}
        counts["changed" if changed else "same"] += 1
        if changed and not dry_run:
            people_rows.change_customer(work.tx, before["id"], **changed)
            _audit(work, before["id"], {name: before[name] for name in changed}, changed)
    return counts


async def _insert(work: Work, row: ImportRow) -> None:
    values = {"language": work.rules.languages[0], "zone": None, "branch_id": None, **row.values}
    for part in ("birth_month", "birth_day", "birth_year"):
        values.setdefault(part, None)
    customer_id = await people_rows.add_imported(work.tx, source_key=row.key, values=values, now=work.now)
    _audit(work, customer_id, None, row.values)


def _audit(work: Work, customer_id: int, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=SYSTEM,
        action="customer.import",
        subject=("customer", customer_id),
        customer_id=customer_id,
        before=before,
        after=after,
    )
