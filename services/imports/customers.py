"""Importing customers: what a line says of a person is taken over, what it leaves out stays as it is."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from domain.people import SYSTEM, Birthday
from domain.phones import zone_of_phone
from domain.records import (
    CALL_NAME_LETTERS,
    NAME_LETTERS,
    PREFERENCES_LETTERS,
    ZoneSource,
    differences,
    may_replace_zone,
)
from services.imports import cells
from services.imports.columns import CONSENT, Layout, Reader, Row, aliases_of, read_key
from services.imports.known import Known
from services.imports.outcomes import Outcome, Result
from services.webhooks import emit
from services.work import Work
from storage import imports as rows
from storage.audit import add_audit
from storage.imports import Run
from storage.records import Record
from texts.tables import read_table

_CUSTOM = "custom."
_GUESS = "zone guess"
_FIELDS: dict[str, Any] = {
    **dict.fromkeys(("call_name", "phone", "zone", "zone_source", "birthday", "preferences", "owner_id", "branch_id")),
    "custom": {},
    "tags": (),
}
"""Every field a line may name besides name and language, empty."""
_FOREIGN = ("bought_at", "amount", "points", "reason")
_COLUMN_OF = {"branch_id": "branch", "owner_id": "owner"}
_MERGED = "was merged into another record, which stays as it is"


class Customers:
    """Imports customers by the key of another system."""

    least = 100

    def __init__(self, known: Known) -> None:
        self._language = known.rules.languages[0]
        self.layout = _layout(known)

    async def store(self, work: Work, lines: Sequence[Row], *, dry_run: bool) -> list[Outcome]:
        """Insert and update the customers of one slice, audited; with ``dry_run`` nothing is written."""
        known = await rows.list_records(work.tx, [row.key for row in lines])
        outcomes = []
        for row in lines:
            record = known.get(row.key)
            if record is None:
                outcomes.append(Outcome(row.line, Result.NEW))
                if not dry_run:
                    await self._insert(work, row)
            elif record.merged_into is not None:
                outcomes.append(Outcome(row.line, Result.SAME, _MERGED))
            else:
                outcomes.append(await _change(work, row, record, dry_run=dry_run))
        return outcomes

    async def finish(self, work: Work, run: Run, *, after_id: int, limit: int) -> int | None:
        """Nothing is left when all lines are stored."""
        return None

    def close(self) -> None:
        """Nothing was kept."""

    async def _insert(self, work: Work, row: Row) -> None:
        values = {"language": self._language, **_FIELDS, **_fields(row.values)}
        _weigh_zone(values, None, row.values.get(_GUESS))
        customer_id = await rows.add_record(work.tx, source_key=row.key, values=values, now=work.now)
        _audit(work, customer_id, before=None, after={name: value for name, value in values.items() if value})
        await emit(work, "customer.created", customer_id=customer_id, data={"customer_id": customer_id})


async def _change(work: Work, row: Row, record: Record, *, dry_run: bool) -> Outcome:
    values = _fields(row.values)
    if "birthday" in values:
        values["birthday"] = _with_year(values["birthday"], record.birthday)
    if "custom" in values:
        values["custom"] = {**record.custom, **values["custom"]}
    if "tags" in values:
        values["tags"] = tuple(sorted({*record.tags, *values["tags"]}))
    _weigh_zone(values, record, row.values.get(_GUESS))
    before, after = differences({name: getattr(record, name) for name in values}, values)
    if not after:
        return Outcome(row.line, Result.SAME)
    if not dry_run:
        fresh_tags = set(after.get("tags", ())) - set(record.tags)
        rows.change_record(work.tx, record.id, values=after, fresh_tags=fresh_tags, now=work.now)
        _audit(work, record.id, before=before, after=after)
        data = {"customer_id": record.id, "fields": sorted(after)}
        await emit(work, "customer.changed", customer_id=record.id, data=data)
    return Outcome(row.line, Result.CHANGED, ", ".join(_COLUMN_OF.get(name, name) for name in after))


def _fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return what a line says, its own fields together."""
    custom = {name.removeprefix(_CUSTOM): value for name, value in values.items() if name.startswith(_CUSTOM)}
    fields = {name: value for name, value in values.items() if not name.startswith(_CUSTOM) and name != _GUESS}
    return {**fields, "custom": custom} if custom else fields


def _with_year(birthday: Birthday, known: Birthday | None) -> Birthday:
    """Return a birthday without a year with the one that is known, if the day is the same."""
    is_known = known is not None and birthday.year is None and replace(known, year=None) == birthday
    return known if known is not None and is_known else birthday


def _weigh_zone(values: dict[str, Any], record: Record | None, guess: str | None) -> None:
    """Keep a zone with its source, unless a stronger one is known; without any, take the ``guess`` from a number."""
    known = ZoneSource(record.zone_source) if record and record.zone and record.zone_source else None
    if values.get("zone"):
        if may_replace_zone(known, ZoneSource.IMPORT):
            values["zone_source"] = ZoneSource.IMPORT.value
        else:
            del values["zone"]
    elif guess and known is None:
        values |= {"zone": guess, "zone_source": ZoneSource.PHONE.value}


def _plain(value: Any) -> Any:
    """Return a value as the audit keeps it."""
    if isinstance(value, Birthday):
        return {"month": value.month, "day": value.day, "year": value.year, "lunar": value.lunar, "leap": value.leap}
    return list(value) if isinstance(value, tuple) else value


def _audit(work: Work, customer_id: int, *, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=SYSTEM,
        action="customer.import",
        subject=("customer", customer_id),
        customer_id=customer_id,
        before={name: _plain(value) for name, value in before.items()} if before is not None else None,
        after={name: _plain(value) for name, value in after.items()},
    )


def _layout(known: Known) -> Layout:
    rules = known.rules
    readers: dict[str, Reader] = {
        "id": read_key,
        "name": _as("name", partial(cells.one_line, letters=NAME_LETTERS)),
        "call_name": _as("call_name", partial(cells.one_line, letters=CALL_NAME_LETTERS)),
        "phone": partial(_phone, region=rules.record.phone_region),
        "language": _as("language", partial(cells.language, offered=rules.languages)),
        "zone": _as("zone", cells.zone),
        "birthday": _as("birthday", partial(cells.birthday, today=known.today)),
        "tags": _as("tags", cells.tags),
        "owner": _as("owner_id", known.member),
        "branch": _as("branch_id", known.branch),
        "preferences": _as("preferences", partial(cells.words, letters=PREFERENCES_LETTERS)),
    }
    own: list[tuple[str, str]] = []
    for field in rules.record.fields:
        column = field.key if field.key not in readers else f"{_CUSTOM}{field.key}"
        own += [(name, column) for name in field.labels.values()]
        readers[column] = _as(f"{_CUSTOM}{field.key}", partial(cells.custom_value, field))
    table = read_table("columns")
    usual = [(name, column) for name, column in table if column in readers or column == CONSENT]
    others = [*read_table("columns_purchases"), *read_table("columns_points")]
    foreign = aliases_of(_FOREIGN, [(name, column) for name, column in others if column in _FOREIGN])
    return Layout(readers, ("id", "name"), aliases_of(list(readers), own, usual), foreign=foreign)


def _phone(cell: str, *, region: str) -> dict[str, Any]:
    number = cells.phone(cell, region)
    zone = zone_of_phone(number)
    return {"phone": number, _GUESS: zone} if zone else {"phone": number}


def _as(name: str, read: Any) -> Reader:
    return lambda cell: {name: read(cell)}
