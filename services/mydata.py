"""My data: everything kept about a person in one file, made outside of any transaction, once a day."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.instants import to_ms
from domain.outcomes import Refusal
from domain.people import Actor
from services import points
from services.files import order_file
from services.speech import say_html
from services.work import Person, Work
from storage import erasure as erasure_rows
from storage import mydata as rows
from storage.audit import add_audit
from storage.database import Tx
from storage.mydata_parts import PARTS
from storage.people import get_customer

KIND = "mydata"
AGAIN_AFTER = timedelta(days=1)
_COUNTED = ("conversation", "cases", "feedback", "purchases", "vouchers")
_OF_OTHERS = frozenset({"owner", "by", "staff", "member"})
_IDS_OF_OTHERS = ("_by", "owner_id", "member_id", "referrer_id", "referred_id")


async def order(work: Work, person: Person) -> Refusal | None:
    """Say in words what is kept about this person, and let the file with all of it be made and sent."""
    ids = await erasure_rows.list_records(work.tx, person.customer.id)
    last_at = await rows.last_wanted_at(work.tx, ids)
    if last_at is not None and work.now < last_at + AGAIN_AFTER:
        return Refusal("mydata.refused.today", {"moment": _moment(work, person, last_at + AGAIN_AFTER)})
    counts = await rows.count_rows(work.tx, ids, _COUNTED)
    balance = await points.balance_of(work, person.customer.id)
    notes = await rows.count_notes(work.tx, ids)
    html = [work.texts.say("mydata.summary", person.language, points=balance.available, **counts)]
    if notes:
        html.append(work.texts.say("mydata.notes", person.language, count=notes))
    await say_html(work, person, "\n\n".join(html))
    recipe = await recipe_for(work, person.customer.id, by=person.actor, language=person.language)
    await order_file(
        work,
        person,
        kind=KIND,
        recipe=recipe,
        name=f"mydata-{work.now.astimezone(person.zone(work.rules)):%Y-%m-%d}.json",
        mime="application/json",
        caption=work.texts.say("mydata.caption", person.language),
        dedupe_key=f"mydata:{person.customer.id}:{to_ms(work.now)}",
    )
    return None


async def recipe_for(work: Work, customer_id: int, *, by: Actor, language: str | None = None) -> dict[str, Any]:
    """Return what a customer's file is made from, in their language, and note who asked for it."""
    if language is None:
        customer = await get_customer(work.tx, customer_id)
        language = customer.language if customer else work.rules.languages[0]
    notes = await rows.count_notes(work.tx, await erasure_rows.list_records(work.tx, customer_id))
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="customer.mydata",
        subject=("customer", customer_id),
        customer_id=customer_id,
    )
    return {"customer_id": customer_id, "at": work.now.isoformat(), "about": _about(work, language, notes)}


def _moment(work: Work, person: Person, at: datetime) -> str:
    return work.texts.moment(at, person.language, zone=person.zone(work.rules), now=work.now)


def _about(work: Work, language: str, notes: int) -> list[str]:
    """Return what stands at the head of the file."""
    texts = work.texts
    return [
        texts.button("mydata.about", language, business=work.rules.business_name),
        texts.button("mydata.about_form", language),
        texts.button("mydata.about_notes", language, count=notes),
    ]


async def write_mydata(recipe: dict[str, Any], tx: Tx) -> bytes:
    """Return a person's file: a JSON object with a list for each part, a row a line.

    ``recipe`` holds ``customer_id``, and what stands at the head: ``at`` (ISO) and ``about`` (lines of words). Rows are
    read a few at a time, so that no more than the file itself is held.
    """
    ids = await erasure_rows.list_records(tx, recipe["customer_id"])
    file = bytearray()
    head = {"made_at": recipe["at"], "about": recipe["about"], "notes_of_staff": await rows.count_notes(tx, ids)}
    file += b"{\n" + b",\n".join(_json(name) + b": " + _json(value) for name, value in head.items())
    for part in PARTS:
        file += b",\n" + _json(part.name) + b": ["
        between = b"\n"
        async for row in rows.stream_part(tx, part, ids):
            file += between + _json({name: _shown(name, value) for name, value in row.items()})
            between = b",\n"
        file += b"]"
    return bytes(file + b"\n}\n")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=_iso).encode("utf-8", "replace")


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _shown(name: str, value: Any) -> Any:
    """Return a value without the ids of other people that an audit line may hold."""
    if name in ("before", "after") and isinstance(value, Mapping):
        return {key: one for key, one in value.items() if not (key in _OF_OTHERS or key.endswith(_IDS_OF_OTHERS))}
    return value
