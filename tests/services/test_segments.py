"""Segments are previewed, explained and saved by those who run campaigns."""

import pytest
from hypothesis import given, settings

from domain.languages import LANGUAGES
from domain.loyalty import CustomField, FieldKind, RecordRules
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind, Role
from domain.rules import Rules
from domain.segments import Segment, SegmentError
from domain.segments.errors import ENGLISH
from services import segments
from services.seeding import seed
from services.work import Work
from storage import people
from storage.audit import list_of_subject
from storage.database import Database
from storage.staff import load_staff
from tests.segments import CUSTOM, made_segments
from tests.services.shop import BOT, MORNING, Working, arrive
from texts import Texts

SHOE = CustomField("shoe", FieldKind.NUMBER, {"en": "shoe size", "zh_CN": "鞋码", "zh_TW": "鞋號"})


def words(expression: str, language: str) -> str:
    """Return an expression in plain words."""
    rules = Rules(record=RecordRules(fields=(SHOE,)))
    work = Work(None, MORNING, BOT, rules, Texts())  # type: ignore[arg-type]  # words need no transaction
    return segments.explain(work, segments.parse(work, expression), language)


@pytest.mark.parametrize(
    ("expression", "language", "said"),
    [
        (
            "tier in (gold, diamond) and last_purchase > 60d and consent.offers",
            "en",
            "customers whose tier is Gold or Diamond, who last bought more than 60 days ago and who want offers",
        ),
        (
            "tier in (gold, diamond) and last_purchase > 60d and consent.offers",
            "zh_CN",
            "等级为金卡或钻石卡，最近一次购买距今超过 60 天，且同意接收优惠消息的客户",
        ),
        (
            "tier in (gold, diamond) and last_purchase > 60d and consent.offers",
            "zh_TW",
            "等級為金卡或鑽石卡，最近一次購買距今超過 60 天，且同意接收優惠訊息的客戶",
        ),
        (
            "tag = vip or lost and not open_case",
            "en",
            "customers tagged “vip” or (who are marked as lost and without an open case)",
        ),
        ("not (tag = vip)", "en", "customers not tagged “vip”"),
        ("not tier = gold", "en", "customers who are not among those whose tier is Gold"),
        (
            "spent(1y) >= 1000 and purchases(1m) > 2",
            "en",
            "customers whose spending in the last 1 year is at least ¥1,000"
            " and whose number of purchases in the last 1 month is above 2",
        ),
        ("last_purchase is unknown and birthday in 0d", "en", "customers who never bought and whose birthday is today"),
        ("birthday.month in (11, 12)", "zh_TW", "生日在 11月或 12月的客戶"),
        ("custom.shoe > 36.5", "zh_CN", "鞋码高于 36.5 的客户"),
        (
            'segment("regulars") and joined < 2026-01-31',
            "en",
            "customers in the segment “regulars” and who joined before Jan 31, 2026",
        ),
    ],
)
def test_a_segment_reads_as_plain_words(expression: str, language: str, said: str) -> None:
    """As a colleague would say it, in each language."""
    assert words(expression, language) == said


@given(made_segments())
@settings(max_examples=40, deadline=None)
def test_whatever_can_be_written_can_be_said(segment: Segment) -> None:
    """No field, comparison or span lacks its words in any language, and no placeholder stays empty."""
    rules = Rules(record=RecordRules(fields=tuple(CUSTOM.values())))
    work = Work(None, MORNING, BOT, rules, Texts())  # type: ignore[arg-type]  # words need no transaction
    for language in LANGUAGES:
        said = segments.explain(work, segment, language)
        assert "segments." not in said
        assert "{" not in said


def test_every_fault_has_its_words_in_the_chat_too() -> None:
    """What the command line says in English is said in every language, with its place and what was meant."""
    work = Work(None, MORNING, BOT, Rules(), Texts())  # type: ignore[arg-type]  # words need no transaction
    with pytest.raises(SegmentError) as caught:
        segments.parse(work, "lost and teir = gold")
    assert segments.explain_error(work, caught.value, "en") == "Sign 10: there is no field “teir”; did you mean “tier”?"
    assert segments.explain_error(work, caught.value, "zh_TW").startswith("第 10 個字：沒有「teir」這個欄位")
    values = dict.fromkeys(("found", "field", "choices", "most"), "x")
    for key in ENGLISH:
        for language in LANGUAGES:
            assert "{" not in work.texts.button(f"segments.error.{key}", language, **values)


async def staff(working: Working) -> dict[str, Actor]:
    """Return Ben, an agent, and Mia, a marketer."""
    async with working() as work:
        await seed(work, members=[(7, "Ben", Role.AGENT, None), (8, "Mia", Role.MARKETER, None)])
        members = (await load_staff(work.tx, bot_id=BOT)).members.values()
        return {member.name: Actor(ActorKind.STAFF, member.id) for member in members}


async def test_a_preview_counts_and_names_some(working: Working) -> None:
    """Ann is gold, Bob is not; who was forgotten is not counted."""
    mia = (await staff(working))["Mia"]
    async with working() as work:
        ann, bob, cy = [await arrive(work, chat_id=chat, name=name) for chat, name in enumerate(("Ann", "Bob", "Cy"))]
        people.change_customer(work.tx, ann.customer.id, tier="gold")
        people.change_customer(work.tx, cy.customer.id, tier="gold", erased_at=work.now)
        found = await segments.count_and_sample(work, segments.parse(work, "tier = gold"), by=mia)
        assert found == segments.Preview(1, ((ann.customer.id, "Ann"),))
        others = await segments.count_and_sample(work, segments.parse(work, "not tier = gold"), sample=0, by=mia)
        assert others == segments.Preview(1, ())
        assert bob.customer.id


async def test_only_who_runs_campaigns_may_look_and_save(working: Working) -> None:
    """Ben works on cases; segments are Mia's."""
    people_of = await staff(working)
    async with working() as work:
        rule = segments.parse(work, "lost")
        for stranger in (people_of["Ben"], Actor(ActorKind.CUSTOMER, 1), Actor(ActorKind.STAFF, 999)):
            assert isinstance(await segments.count_and_sample(work, rule, by=stranger), Refusal)
            assert isinstance(await segments.save(work, name="x", expression="lost", by=stranger), Refusal)
            assert isinstance(await segments.delete(work, "x", by=stranger), Refusal)
        assert not isinstance(await segments.save(work, name="x", expression="lost", by=people_of["Mia"]), Refusal)


async def test_a_name_is_taken_once_and_replaced_on_purpose(database: Database, working: Working) -> None:
    """The same rule again is no conflict; another one needs to be told to replace; each change is on record."""
    mia = (await staff(working))["Mia"]
    async with working() as work:
        saved = await segments.save(work, name="  Good   ones ", expression="tier=GOLD", by=mia)
        assert isinstance(saved, segments.SavedSegment)
        assert (saved.name, saved.expression) == ("Good ones", "tier = gold")
        for replace in (False, True):
            again = await segments.save(work, name="Good ones", expression="tier = gold", by=mia, replace=replace)
            assert again == saved
        refused = await segments.save(work, name="Good ones", expression="lost", by=mia)
        assert isinstance(refused, Refusal)
        assert refused.key == "segments.refused.taken"
        changed = await segments.save(work, name="Good ones", expression="lost", by=mia, replace=True)
        assert isinstance(changed, segments.SavedSegment)
        assert changed.id == saved.id
        assert [one.expression for one in await segments.list_all(work)] == ["lost"]
        saves = await list_of_subject(work.tx, "segment", saved.id)
        assert [row.after for row in saves] == [{"expression": "tier = gold"}, {"expression": "lost"}]
        for name in ("", " ", "x" * 65, "a\nb\u200b"):
            assert isinstance(await segments.save(work, name=name, expression="lost", by=mia), Refusal)


async def test_a_segment_that_can_be_read_no_more_is_in_nobody_elses_way(working: Working) -> None:
    """The shop gave up its field of shoe sizes: what never asked for them still counts, and can be deleted."""
    mia = (await staff(working))["Mia"]
    async with working(rules=Rules(record=RecordRules(fields=(SHOE,)))) as work:
        await segments.save(work, name="feet", expression="custom.shoe > 40", by=mia)
        await segments.save(work, name="lost ones", expression="lost", by=mia)
    async with working() as work:
        with pytest.raises(SegmentError):
            segments.parse(work, "custom.shoe > 40")
        found = await segments.count_and_sample(work, segments.parse(work, 'segment("lost ones")'), by=mia)
        assert found == segments.Preview(0, ())
        assert await segments.delete(work, "lost ones", by=mia) is None


async def test_segments_refer_to_each_other_but_never_to_themselves(working: Working) -> None:
    """A name stands for its rule, in brackets of its own; circles and unknown names are refused with their place."""
    mia = (await staff(working))["Mia"]
    async with working() as work:
        ann, bob = [await arrive(work, chat_id=chat, name=name) for chat, name in enumerate(("Ann", "Bob"))]
        people.change_customer(work.tx, ann.customer.id, tier="gold")
        people.change_customer(work.tx, bob.customer.id, lost_at=work.now)
        await segments.save(work, name="inner", expression="tier = gold or lost", by=mia)
        await segments.save(work, name="outer", expression='segment("inner") and not lost', by=mia)
        found = await segments.count_and_sample(work, segments.parse(work, "segment(outer)"), by=mia)
        assert found == segments.Preview(1, ((ann.customer.id, "Ann"),))
        for name, expression, key in (
            ("inner", 'lost or segment("outer")', "cycle"),
            ("self", 'lost and segment("self")', "cycle"),
            ("other", 'lost and segment("nobody")', "unknown_segment"),
        ):
            with pytest.raises(SegmentError) as caught:
                await segments.save(work, name=name, expression=expression, by=mia, replace=True)
            assert caught.value.key == key
            assert caught.value.picture[1].index("^") > 0
        refused = await segments.delete(work, "inner", by=mia)
        assert isinstance(refused, Refusal)
        assert refused.values == {"name": "inner", "other": "outer"}
        assert await segments.delete(work, "outer", by=mia) is None
        assert await segments.delete(work, "inner", by=mia) is None
        assert await segments.list_all(work) == []


async def test_segments_do_not_grow_without_bounds(working: Working) -> None:
    """Ten names of ten names of ten names would be a thousand conditions: refused before it is asked."""
    mia = (await staff(working))["Mia"]
    async with working() as work:
        await segments.save(work, name="s0", expression=" or ".join(["lost"] * 10), by=mia)
        await segments.save(work, name="s1", expression=" or ".join(["segment(s0)"] * 10), by=mia)
        with pytest.raises(SegmentError) as caught:
            await segments.save(work, name="s2", expression=" or ".join(["segment(s1)"] * 10), by=mia)
        assert caught.value.key == "too_many"


async def test_a_misspelt_name_of_a_segment_is_answered_with_the_saved_one(working: Working) -> None:
    """Mia wrote "gone quit"; she is told which one she meant."""
    mia = (await staff(working))["Mia"]
    async with working() as work:
        await segments.save(work, name="gone quiet", expression="last_purchase > 60d", by=mia)
        with pytest.raises(SegmentError) as caught:
            await segments.members(work, segments.parse(work, 'segment("gone quit")'))
        assert caught.value.suggestion == 'segment("gone quiet")'
