"""``carebot survey export``: every response to a survey as CSV, XLSX or JSON."""

import csv
import io
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter

from bot.commands.common import printable, run, store, work_of
from domain.errors import BadInput, NotFound
from services.review import cell, read_period
from services.surveys.book import list_versions
from services.surveys.exporting import sheet_of, stream_responses

FORMATS = ("csv", "xlsx", "json")
_BOM = "\ufeff"
_MOST_CELL = 32_767
"""So many letters a cell of a spreadsheet takes."""
_MOST_ROWS = 1_048_576
"""So many rows a page of a spreadsheet takes, its head among them."""


def export(
    file: Path | None, key: str, form: str, since: str | None, until: str | None, out: Path | None, confidential: bool
) -> None:
    """Write the responses to a survey to ``out``, or to standard output, which takes no XLSX."""
    if form not in FORMATS:
        raise BadInput(f"--format: there is no {printable(form)[:20]}; write one of {', '.join(FORMATS)}")
    if form == "xlsx" and out is None:
        raise BadInput("--format xlsx: a spreadsheet needs a file; write --out survey.xlsx too")
    run(_export(file, key, form, since, until, out, confidential))


async def _export(
    file: Path | None, key: str, form: str, since: str | None, until: str | None, out: Path | None, confidential: bool
) -> None:
    async with store(file) as (settings, database):
        period = read_period(since, until, zone=settings.business.time_zone)
        async with database.read() as tx:
            versions = await list_versions(work_of(settings, tx), key)
        if not versions:
            raise NotFound(f"there is no survey {printable(key)[:40]}; `carebot survey list` shows them")
        sheet = sheet_of(versions)
        slices = stream_responses(database, sheet, period, confidential=confidential)
        target = _opened(out) if out else sys.stdout.buffer
        try:
            await _write(form, target, sheet.columns, slices)
            target.flush()
        finally:
            if out:
                target.close()


def _opened(out: Path) -> BinaryIO:
    try:
        return out.open("wb")
    except OSError as error:
        raise BadInput(f"--out: {out} cannot be written: {(error.strerror or 'error').lower()}") from None


Slices = AsyncIterator[list[list[Any]]]


async def _write(form: str, target: BinaryIO, columns: list[str], slices: Slices) -> None:
    if form == "csv":
        await _write_csv(target, columns, slices)
    elif form == "json":
        await _write_json(target, columns, slices)
    else:
        await _write_xlsx(target, columns, slices)


async def _write_csv(target: BinaryIO, columns: list[str], slices: Slices) -> None:
    target.write(_BOM.encode())
    target.write(_lines([columns]))
    async for rows in slices:
        target.write(_lines([[cell(value) for value in row] for row in rows]))


def _lines(rows: list[Any]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


async def _write_json(target: BinaryIO, columns: list[str], slices: Slices) -> None:
    """Write one object a line: a file of any length can be read piece by piece."""
    async for rows in slices:
        for row in rows:
            told = {name: _plain(value) for name, value in zip(columns, row, strict=True) if value is not None}
            target.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


async def _write_xlsx(target: BinaryIO, columns: list[str], slices: Slices) -> None:
    """Write a spreadsheet, row by row to disk; words are words there, whatever they begin with."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd hh:mm",
        "remove_timezone": True,
    }
    book = xlsxwriter.Workbook(target, options)
    bold = book.add_format({"bold": True})
    sheet, nth = None, _MOST_ROWS
    async for rows in slices:
        for row in rows:
            if sheet is None or nth >= _MOST_ROWS:
                sheet, nth = _sheet(book, columns, bold), 1
            for column, value in enumerate(row):
                _put(sheet, nth, column, value)
            nth += 1
    if sheet is None:
        _sheet(book, columns, bold)
    book.close()


def _sheet(book: Any, columns: list[str], bold: Any) -> Any:
    """Return a new page of the spreadsheet with its head; a page takes no more than so many rows."""
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, columns, bold)
    return sheet


def _put(sheet: Any, row: int, column: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value[:_MOST_CELL])
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.astimezone(UTC))
    else:
        sheet.write_number(row, column, value)
