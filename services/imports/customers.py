"""Importing customers: what a line says of a person is taken over, what it leaves out stays as it is."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from domain.people import SYSTEM, Birthday
from services.imports import cells
from services.imports.columns import CONSENT, Layout, Reader, Row, aliases_of, read_key
from services.imports.known import Known
from services.imports.outcomes import Outcome, Result
from services.webhooks import emit
from services.work import Work
from storage import imports as rows
from storage.audit import add_audit
from storage.imports import KnownCustomer, Run
from texts.tables import read_table

_NAME_LETTERS = 128
_CALL_NAME_LETTERS = 64
_PREFERENCES_LETTERS = 2000
_OWN_WORDS = ("asked", "city")
"""Where a zone was said by the person: no file knows it better."""
_COLUMN_OF = {"branch_id": "branch", "owner_id": "owner"}
_BIRTH = ("birth_month", "birth_day", "birth_year", "birth_calendar", "birth_leap")
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("call_name", "phone", "zone", "zone_source", "preferences", "custom", "owner_id", "branch_id")),
    **dict.fromkeys(("birth_month", "birth_day", "birth_year")),
    "birth_calendar": "solar",
    "birth_leap": False,
}


class Customers:
    """Imports customers by the key of another system."""

    def __init__(self, known: Known) -> None:
        self._language = known.rules.languages[0]
        self.layout = _layout(known)

    async def store(self, work: Work, lines: Sequence[Row], *, dry_run: bool) -> list[Outcome]:
        """Insert and update the customers of one slice, audited; with ``dry_run`` nothing is written."""
        known = await rows.list_customers(work.tx, [row.key for row in lines])
        outcomes = []
        for row in lines:
            before = known.get(row.key)
            if before is None:
                outcomes.append(Outcome(row.line, Result.NEW))
                if not dry_run:
                    await self._insert(work, row)
            elif before.merged:
                outcomes.append(Outcome(row.line, Result.SAME, "was merged into another record, which stays as it is"))
            else:
                outcomes.append(await _change(work, row, before, dry_run=dry_run))
        return outcomes

    async def finish(self, work: Work, run: Run, after_id: int) -> int | None:
        """Nothing is left when all lines are stored."""
        return None

    async def _insert(self, work: Work, row: Row) -> None:
        values = {"language": self._language, **_EMPTY, **_columns(row.values)}
        tags = row.values.get("tags", set())
        customer_id = await rows.add_customer(work.tx, source_key=row.key, values=values, tags=tags, now=work.now)
        _audit(work, customer_id, None, {name: value for name, value in values.items() if value != _EMPTY.get(name)})
        await emit(work, "customer.created", customer_id=customer_id, data={"id": customer_id})


async def _change(work: Work, row: Row, before: KnownCustomer, *, dry_run: bool) -> Outcome:
    changed = _changed(row.values, before.values)
    fresh_tags = row.values.get("tags", set()) - before.tags
    if not changed and not fresh_tags:
        return Outcome(row.line, Result.SAME)
    names = dict.fromkeys("birthday" if name in _BIRTH else _COLUMN_OF.get(name, name) for name in changed)
    said = [name for name in names if name not in ("zone_source", "phone_proved_at")] + ["tags"] * bool(fresh_tags)
    if not dry_run:
        was = {name: before.values[name] for name in changed}
        rows.change_customer(work.tx, before.id, values=changed, tags=fresh_tags, now=work.now)
        more: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        if fresh_tags:
            more = {"tags": sorted(before.tags)}, {"tags": sorted(before.tags | fresh_tags)}
        _audit(work, before.id, _plain(was) | more[0], _plain(changed) | more[1])
        await emit(work, "customer.changed", customer_id=before.id, data={"id": before.id, "changed": said})
    return Outcome(row.line, Result.CHANGED, ", ".join(said))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return what a line says as columns of the table."""
    found = {name: value for name, value in values.items() if name not in ("birthday", "custom", "tags")}
    birthday: Birthday | None = values.get("birthday")
    if birthday:
        calendar = "lunar" if birthday.lunar else "solar"
        found |= zip(_BIRTH, (birthday.month, birthday.day, birthday.year, calendar, birthday.leap), strict=True)
    if custom := {name.removeprefix("custom."): v for name, v in values.items() if name.startswith("custom.")}:
        found = {name: value for name, value in found.items() if not name.startswith("custom.")}
        found["custom"] = custom
    if "zone" in found:
        found["zone_source"] = "import"
    return found


def _changed(values: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of which a line says something else than is known."""
    wanted = _columns(values)
    if "zone" in wanted and (before["zone_source"] in _OWN_WORDS or wanted["zone"] == before["zone"]):
        del wanted["zone"], wanted["zone_source"]
    if wanted.get("birth_month") and wanted["birth_year"] is None:
        same_day = all(wanted[name] == before[name] for name in _BIRTH if name != "birth_year")
        wanted["birth_year"] = before["birth_year"] if same_day else None
    if "custom" in wanted:
        wanted["custom"] = {**(before["custom"] or {}), **wanted["custom"]}
    if wanted.get("phone", before["phone"]) != before["phone"]:
        wanted["phone_proved_at"] = None
    return {name: value for name, value in wanted.items() if value != before[name]}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as an audit row keeps them."""
    return {name: value.isoformat() if name.endswith("_at") and value else value for name, value in values.items()}


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


def _layout(known: Known) -> Layout:
    words = cells.words
    readers: dict[str, Reader] = {
        "id": read_key,
        "name": _as("name", words(_NAME_LETTERS)),
        "call_name": _as("call_name", words(_CALL_NAME_LETTERS)),
        "phone": _as("phone", partial(cells.phone, region=known.rules.record.phone_region)),
        "language": _as("language", cells.language),
        "zone": _as("zone", cells.zone),
        "birthday": _as("birthday", partial(cells.birthday, today=known.today)),
        "tags": _as("tags", cells.tags),
        "owner": _as("owner_id", known.member),
        "branch": _as("branch_id", known.branch),
        "preferences": _as("preferences", words(_PREFERENCES_LETTERS)),
    }
    named = [*((name, name) for name in readers)]
    for field in known.rules.record.fields:
        column = f"custom.{field.key}"
        readers[column] = _as(column, partial(cells.custom_value, field))
        named += [(name, column) for name in (field.key, *field.labels.values()) if name.casefold() not in readers]
    others = [(name, column) for name, column in read_table("columns") if column in readers or column == CONSENT]
    return Layout(readers, ("id", "name"), aliases_of(list(readers), others, named))


def _as(name: str, read: Any) -> Reader:
    return lambda cell: {name: read(cell)}
