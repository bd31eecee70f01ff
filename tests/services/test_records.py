"""The customer record: made, found, changed with its audit row, and refused with the mend."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.errors import NotFound
from domain.loyalty import CustomField, FieldKind, RecordRules
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Birthday, Role
from domain.rules import Rules
from services import records
from services.customers import choose_language, set_birthday, set_zone
from services.webhooks import add_endpoint
from services.work import Work
from storage.audit import list_of_subject
from storage.staff import insert_missing_member, load_staff
from storage.tables import audit, customers, interactions, webhook_events
from tests.services.shop import ANN_CHAT, BOB_CHAT, BOT, MORNING, Working, arrive

RULES = Rules(
    record=RecordRules(
        fields=(CustomField("shoe", FieldKind.NUMBER), CustomField("coffee", FieldKind.CHOICE, choices=("oat", "soy")))
    )
)
API = Actor(ActorKind.API, 1)


async def hire(work: Work, name: str, role: Role, user_id: int) -> Actor:
    """Return somebody who works here as the author of a change."""
    await insert_missing_member(work.tx, user_id=user_id, name=name, role=role, language=None)
    return Actor(ActorKind.STAFF, (await load_staff(work.tx, bot_id=BOT)).members[user_id].id)


async def make(work: Work, name: str = "Ann Lee", **fields: Any) -> int:
    """Return a record that an import made."""
    made = await records.create_customer(work, by=SYSTEM, name=name, **fields)
    assert isinstance(made, int)
    return made


def refused(outcome: object) -> str:
    """Return why a wish was refused."""
    assert isinstance(outcome, Refusal)
    return outcome.key


@pytest.mark.parametrize("name", ["\u202e", "\u200b \u2060"])
async def test_a_name_that_shows_nothing_is_refused(working: Working, name: str) -> None:
    """Nobody is called by signs that are not seen."""
    async with working() as work:
        assert refused(await records.create_customer(work, by=SYSTEM, name=name)) == "record.refused.name"


async def test_a_record_holds_what_is_known(working: Working) -> None:
    """A record made by staff reads back whole, in one spelling."""
    async with working(rules=RULES) as work:
        ben = await hire(work, "Ben", Role.AGENT, 5)
        made = await records.create_customer(
            work,
            by=ben,
            name="  Ann   Lee ",
            call_name="Annie",
            phone="１３８ ００１３ ８０００",
            birthday=Birthday(8, 15, 1990, True),
            preferences="oat milk\nno calls",
            custom={"shoe": "38", "coffee": "oat"},
            owner_id=ben.id,
            tags={"VIP", "vip", "Regular"},
            source_key="crm:7",
        )
        assert isinstance(made, int)
        record = await records.read_record(work, made)
    assert record is not None
    assert (record.name, record.called, record.phone) == ("Ann Lee", "Annie", "+8613800138000")
    assert record.birthday == Birthday(8, 15, 1990, True)
    assert record.custom == {"shoe": 38, "coffee": "oat"}
    assert record.tags == ("regular", "vip")
    assert (record.zone, record.zone_source) == ("Asia/Shanghai", "phone")
    assert len(record.code) == 10
    assert (record.owner_id, record.language, record.tier) == (ben.id, "en", "new")


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"phone": "12345"}, "phone"),
        ({"name": " "}, "name"),
        ({"call_name": "x" * 65}, "name"),
        ({"language": "tlh"}, "language"),
        ({"zone": "Atlantis"}, "zone"),
        ({"birthday": Birthday(2, 30)}, "birthday"),
        ({"custom": {"hat": 3}}, "unknown_field"),
        ({"custom": {"shoe": "big"}}, "field.number"),
        ({"custom": {"coffee": "cow"}}, "field.choice"),
        ({"owner_id": 99}, "owner"),
        ({"branch_id": 99}, "branch"),
        ({"tags": ["a,b"]}, "tag"),
        ({"lost_reason": "bored"}, "lost_reason"),
        ({"source_key": "taken"}, "source_key"),
        ({"preferences": "x" * 2001}, "preferences"),
    ],
)
async def test_what_cannot_be_is_refused_with_the_mend(working: Working, fields: dict[str, Any], key: str) -> None:
    """A bad value changes nothing at all, not even the good ones beside it, and says how to write it."""
    async with working(rules=RULES) as work:
        await make(work, source_key="taken")
        ann = await make(work)
        refusal = await records.change_record(work, ann, by=SYSTEM, **{"preferences": "tea", **fields})
        record = await records.read_record(work, ann)
    assert refused(refusal) == f"record.refused.{key}"
    assert record is not None
    assert record.preferences is None
    assert isinstance(refusal, Refusal)
    for language in work.texts.languages:
        assert "{" not in work.texts.say(refusal.key, language, **refusal.values)


async def test_every_change_is_audited_field_by_field(working: Working) -> None:
    """Before and after of what changed, once; what was so already leaves no trace."""
    async with working(rules=RULES) as work:
        ben = await hire(work, "Ben", Role.AGENT, 5)
        ann = await make(work, phone="13800138000", custom={"shoe": 38})
        change = {"phone": "+886912345678", "name": "Ann Lee", "custom": {"coffee": "soy"}, "lost_reason": "moved"}
        assert await records.change_record(work, ann, by=ben, **change) is None
        assert await records.change_record(work, ann, by=ben, **change) is None
        record = await records.read_record(work, ann)
        rows = [row for row in await list_of_subject(work.tx, "customer", ann) if row.action == "customer.edit"]
    assert record is not None
    assert (record.lost_at, record.lost_reason) == (MORNING, "moved")
    assert record.zone == "Asia/Shanghai"  # known already, so no number moves anybody
    (row,) = rows
    assert (row.actor_kind, row.actor_id) == ("staff", ben.id)
    assert row.before == {"phone": "+8613800138000", "custom": {"shoe": 38}, "lost_reason": None}
    assert row.after == {"phone": "+886912345678", "custom": {"shoe": 38, "coffee": "soy"}, "lost_reason": "moved"}


async def test_a_weaker_source_never_overwrites_where_somebody_lives(working: Working) -> None:
    """What Ann said stays when a file or a system says otherwise; staff may correct it."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        await set_zone(work, ann, "Asia/Taipei")
        zones = []
        for by, source, zone in (
            (SYSTEM, "import", "Europe/London"),
            (API, None, "Europe/London"),
            (SYSTEM, "staff", "Asia/Tokyo"),
        ):
            assert await records.change_record(work, ann.customer.id, by=by, zone=zone, zone_source=source) is None
            record = await records.read_record(work, ann.customer.id)
            zones.append((record.zone, record.zone_source) if record else None)
    assert zones == [("Asia/Taipei", "asked")] * 2 + [("Asia/Tokyo", "staff")]


async def test_only_who_may_changes_a_record(working: Working) -> None:
    """Agents may, marketers and viewers not; a customer only the own profile, and nobody else's."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        bob = await arrive(work, chat_id=BOB_CHAT, name="Bob")
        mia = await hire(work, "Mia", Role.MARKETER, 7)
        ben = await hire(work, "Ben", Role.AGENT, 5)
        his = bob.customer.id
        outcomes = [
            await records.change_record(work, his, by=by, **changes)
            for by, changes in (
                (mia, {"call_name": "B"}),
                (ann.actor, {"call_name": "B"}),
                (bob.actor, {"tags": {"vip"}}),
                (bob.actor, {"owner_id": ben.id}),
                (bob.actor, {"call_name": "Bobby"}),
                (ben, {"tags": {"vip"}}),
            )
        ]
        assert refused(await records.create_customer(work, by=mia, name="X")) == "desk.refused.not_allowed"
        assert refused(await records.add_note(work, his, "hm", by=bob.actor)) == "desk.refused.not_allowed"
    assert [refused(one) if one else None for one in outcomes] == ["desk.refused.not_allowed"] * 4 + [None, None]


async def test_notes_are_appended_and_stay_among_staff(working: Working) -> None:
    """A note is an internal interaction of its author, found by search, never sent."""
    async with working() as work:
        ben = await hire(work, "Ben", Role.AGENT, 5)
        ann = await make(work)
        first = await records.add_note(work, ann, "likes the window seat", by=ben)
        second = await records.add_note(work, ann, "allergic to nuts", by=ben)
        assert refused(await records.add_note(work, ann, " ", by=ben)) == "record.refused.note"
        rows = list(await work.tx.execute(select(interactions).order_by(interactions.c.id)))
    assert [row.id for row in rows] == [first, second]
    assert {(row.visibility, row.author_kind, row.author_id, row.customer_id) for row in rows} == {
        ("internal", "staff", ben.id, ann)
    }


async def test_tags_come_and_go(working: Working) -> None:
    """Adding twice adds once; each change is audited."""
    async with working() as work:
        ann = await make(work, tags={"regular"})
        for change, tag in (
            (records.add_tag, "VIP"),
            (records.add_tag, "vip"),
            (records.remove_tag, "Regular"),
            (records.remove_tag, "nobody"),
        ):
            assert await change(work, ann, tag, by=SYSTEM) is None
        record = await records.read_record(work, ann)
        edits = [row for row in await list_of_subject(work.tx, "customer", ann) if row.action == "customer.edit"]
    assert record is not None
    assert record.tags == ("vip",)
    assert [row.after for row in edits] == [{"tags": ["regular", "vip"]}, {"tags": ["vip"]}]


async def test_a_customer_is_found_by_code_key_and_number(working: Working) -> None:
    """However typed; a number two share is nobody's alone; what is not known is not there."""
    async with working() as work:
        ann = await make(work, phone="13800138000", source_key="crm:1")
        bob = await make(work, "Bob Lee", phone="+886912345678")
        await make(work, "Cat Lee", phone="+886 912 345 678")
        record = await records.read_record(work, ann)
        assert record is not None
        typed = f" {record.code[:5].lower()}-{record.code[5:]} "
        assert await records.find_customer(work, code=typed) == ann
        assert await records.find_customer(work, source_key="crm:1") == ann
        assert await records.find_customer(work, phone="138-0013-8000") == ann
        assert await records.find_customer(work, phone="+886912345678") is None
        assert (await records.list_by_phone(work, "0886 912345678"))[:1] != [ann]
        assert (await records.list_by_phone(work, "+886912345678"))[0] == bob
        assert await records.find_customer(work, id=999) is None
        assert await records.find_customer(work, code="") is None
        assert await records.read_record(work, 999) is None
        with pytest.raises(NotFound):
            await records.change_record(work, 999, by=SYSTEM, name="X")


async def test_a_forgotten_customer_is_never_written_to(working: Working) -> None:
    """After /forgetme the record stays empty."""
    async with working() as work:
        ann = await make(work)
        await work.tx.execute(customers.update().where(customers.c.id == ann).values(erased_at=MORNING, code=f"-{ann}"))
        wishes: list[Callable[[], Awaitable[Any]]] = [
            lambda: records.change_record(work, ann, by=SYSTEM, name="X"),
            lambda: records.add_tag(work, ann, "x", by=SYSTEM),
            lambda: records.add_note(work, ann, "x", by=SYSTEM),
        ]
        assert [refused(await wish()) for wish in wishes] == ["record.refused.erased"] * 3
        assert await records.find_customer(work, code=f"-{ann}") is None
        assert await records.find_customer(work, id=ann) is None


async def test_other_systems_hear_of_it_without_words(working: Working) -> None:
    """Created and changed, from the chat too: which fields, never what they say."""
    async with working() as work:
        await add_endpoint(work, url="https://example.com/hook", kinds=(), allow_private=False, by=SYSTEM)
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        await choose_language(work, ann, "zh_TW")
        await set_birthday(work, ann, Birthday(8, 15, None, True))
        made = await make(work, "Bob", phone="13800138000")
        rows = list(await work.tx.execute(select(webhook_events).order_by(webhook_events.c.id)))
        told = list(await work.tx.execute(select(audit.c.action).where(audit.c.customer_id == ann.customer.id)))
    assert [(row.kind, row.customer_id, row.data.get("fields")) for row in rows] == [
        ("customer.created", ann.customer.id, None),
        ("customer.changed", ann.customer.id, ["language"]),
        ("customer.changed", ann.customer.id, ["birthday"]),
        ("customer.created", made, None),
    ]
    assert [row.action for row in told] == ["customer.edit", "customer.edit"]
    assert (ann.language, ann.customer.birthday) == ("zh_TW", Birthday(8, 15, None, True))


async def test_a_lost_customer_who_returns_has_no_reason_any_more(working: Working) -> None:
    """The reason goes with its date."""
    async with working() as work:
        ann = await make(work, lost_reason="rival")
    async with working(later=timedelta(days=1)) as work:
        before = await records.read_record(work, ann)
        await records.change_record(work, ann, by=SYSTEM, lost_reason=None)
        after = await records.read_record(work, ann)
    assert before is not None
    assert after is not None
    assert (before.lost_at, before.lost_reason) == (MORNING, "rival")
    assert (after.lost_at, after.lost_reason) == (None, None)
    assert replace(before, lost_at=None, lost_reason=None) == after
