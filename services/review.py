"""Review: everything said, every case and every feedback as CSV that no spreadsheet executes."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.errors import BadInput
from domain.instants import local_instant
from storage.database import Database
from storage.export import Period, columns_of, stream_rows

KINDS = ("interactions", "cases", "feedback")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_CASE_COLUMN = "case"


def cell(value: Any) -> str | int | float:
    """Return a value as it may stand in CSV: numbers stay numbers, instants are ISO 8601 UTC, text is no formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def read_period(since: str | None, until: str | None, *, zone: ZoneInfo) -> Period:
    """Return the period between two options, each a local date or an ISO 8601 instant.

    The whole day of an ``until`` date counts; an ``until`` instant itself does not. Raises :class:`BadInput`.
    """
    start = _moment(since, "--since", zone, days=0) if since else None
    end = _moment(until, "--until", zone, days=1) if until else None
    if start and end and start >= end:
        raise BadInput("--until: lies before --since; nothing could be between them")
    return Period(start, end)


def _moment(text: str, option: str, zone: ZoneInfo, *, days: int) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            mend = "write a date such as 2026-11-22 or an instant such as 2026-11-22T14:00:00+08:00"
            raise BadInput(f'{option}: "{text[:40]}" is neither; {mend}') from None
        return moment.astimezone(UTC) if moment.tzinfo else local_instant(moment, zone)
    try:
        return local_instant(datetime.combine(day + timedelta(days=days), time()), zone)
    except OverflowError:
        raise BadInput(f"{option}: {text} is out of range") from None


async def export_csv(
    database: Database, kind: str, period: Period, *, confidential: bool = False
) -> AsyncIterator[str]:
    """Yield CSV text in pieces: a head line, then one row for each interaction, case or feedback.

    Confidential cases are left out unless ``confidential`` wants them.
    """
    columns = columns_of(kind)
    yield _lines([columns])
    case = columns.index(_CASE_COLUMN)
    async for rows in stream_rows(database, kind, period, confidential=confidential):
        yield _lines([[_case(value) if i == case else cell(value) for i, value in enumerate(row)] for row in rows])


def _case(number: int | None) -> str:
    return f"C-{number}" if number is not None else ""


def _lines(rows: list[Any]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def excerpt(text: str, query: str, *, around: int = 30) -> tuple[str, str, str]:
    """Return the words before, the words found, and the words after, in one line without control characters."""
    line = "".join(c if c.isprintable() or c == "\u200d" else " " for c in text)
    folded = line.casefold()
    for word in query.casefold().split() if len(folded) == len(line) else ():
        at = folded.find(word)
        if at >= 0:
            head = ("…" if at > around else "") + line[max(0, at - around) : at]
            end = at + len(word)
            return head, line[at:end], line[end : end + around] + ("…" if len(line) > end + around else "")
    return line[: 2 * around] + ("…" if len(line) > 2 * around else ""), "", ""
