"""Campaigns' documents and words: read or refused line by line, tried on one and on everybody, never dangerous."""

from collections.abc import Mapping
from dataclasses import replace
from os import mkfifo
from pathlib import Path
from typing import Any

import pytest

from domain.campaigns import CampaignState, OccasionKind
from domain.errors import BadCampaign
from domain.loyalty import CustomField, FieldKind
from domain.outcomes import Refusal
from domain.people import SYSTEM, ConsentClass
from domain.rules import Rules
from services import customers
from services.campaigns.book import add_campaign, get_campaign, list_campaigns, list_versions, seed_shipped
from services.campaigns.document import canonical_of, parse_canonical, read_toml, read_values
from services.campaigns.faults import faults_of
from services.campaigns.messages import load_values, render
from services.campaigns.pictures import keep_pictures
from services.campaigns.preview import DryRun, dry_run, preview
from services.campaigns.templates import MessageFault, render_text, template_faults
from services.campaigns.trial import try_run
from services.campaigns.variables import VARIABLES
from services.work import Work
from storage.campaigns import change_campaign
from storage.database import Database
from tests.services.shop import Working
from texts.campaigns import shipped_campaign_files

TEA = """
key = "tea"
fallback = "en"
title.en = "Tea"
when.occasion = "date"
text.en = "Dear {{ name or 'friend' }}, new tea at {{ business }}!{% if points %} You have {{ points }}.{% endif %}"
"""


async def add(work: Work, text: str = TEA, **more: Any) -> Any:
    """Keep a campaign; returns what came of it."""
    return await add_campaign(work, read_toml(text, name="tea.toml"), by=SYSTEM, **more)


async def meet(work: Work, chat_id: int, name: str, *, care: bool = True, language: str = "en") -> int:
    """Seed a customer in a chat; returns the customer."""
    person = await customers.meet(work, chat_id=chat_id, name=name, username=None, language_code=language)
    await customers.set_consent(work, person, ConsentClass.CARE, given=care)
    return person.customer.id


# Documents


@pytest.mark.parametrize("name", [name for name, _ in shipped_campaign_files()])
def test_a_document_comes_back_as_it_was_kept(name: str) -> None:
    """What is stored reads as the same campaign, whoever wrote it and how."""
    campaign = read_toml(dict(shipped_campaign_files())[name], name=name).campaign()
    kept = canonical_of(campaign)
    assert parse_canonical(kept) == campaign
    assert canonical_of(parse_canonical(kept)) == kept


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("key = 3", "key"),
        ("=", "not valid TOML"),
        ("x" * 300_000, "longer than"),
        ("a=" + "[" * 5000, "nested too deep"),
        (TEA + "colour = 'red'", "unknown key"),
        (TEA.replace('"tea"', '"Tea Time"', 1), "is no key"),
        (TEA.replace('"date"', '"dat"'), "did you mean date"),
        (TEA + "priority = '1'", "priority"),
        (TEA + "when.at = '25:00'", "time of day"),
        (TEA + "when.on = 'tomorrow'", "no day"),
        (TEA + "when.weekdays = ['someday']", "day of the week"),
        (TEA + "learning.holdout = 2", "from 0 to 1"),
    ],
)
def test_what_is_no_campaign_is_said_in_a_line(text: str, line: str) -> None:
    """Each fault names the file, the key and the mend; nothing else is said."""
    with pytest.raises(BadCampaign) as error:
        read_toml(text, name="tea.toml")
    assert any(line in fault for fault in error.value.faults)
    assert all(fault.startswith("tea.toml: ") and "\n" not in fault for fault in error.value.faults)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"key": "points"}, "program's own"),
        ({"when": {"occasion": "holiday"}}, "when.holiday: missing"),
        ({"when": {"occasion": "holiday", "holiday": "mid_autum"}}, "did you mean mid_autumn"),
        ({"when": {"occasion": "holiday", "holiday": "thanksgiving"}}, "not kept in CN"),
        ({"when": {"occasion": "cron", "cron": "61 * * * *"}}, "cannot be read"),
        ({"when": {"occasion": "cron", "cron": "0 0 31 2 *"}}, "cannot be read"),
        ({"when": {"occasion": "birthday", "after": "3d"}}, "when.after"),
        ({"when": {"occasion": "purchase", "lead_days": 3}}, "when.lead_days"),
        ({"when": {"occasion": "field", "field": "renewal_on"}}, "no date of the customer record"),
        ({"fallback": None, "text": {"en": "Hi"}}, "missing in zh_CN and zh_TW"),
        ({"text": {"en": "{{ nam }}"}}, "unknown variable nam"),
        ({"text": {"en": "<b>"}}, "not closed"),
        ({"text": {"en": "x" * 5000}}, "4096"),
        ({"text": {"en": "{{ name }}"}}, "nothing known"),
        ({"solemn": True, "text": {"en": "Hooray!"}}, "too cheerful"),
        ({"gift": {"points": 0}}, "gift.points"),
        ({"gift": {}}, "gift: give either"),
        ({"buttons": [{"key": "a", "kind": "link", "label": {"en": "L"}, "url": "http://x"}]}, "https"),
        ({"buttons": [{"key": "a", "kind": "rsvp", "label": {"en": "L"}}]}, "invitation"),
        ({"priority": 10}, "priority"),
        ({"when": {"occasion": "date", "on": "9999-12-31"}}, "when.on: must lie"),
        ({"when": {"occasion": "every", "every": "month", "until": "9999-12-31"}}, "when.until: must lie"),
        ({"when": {"occasion": "birthday", "until": "0001-01-01"}}, "when.until: must lie"),
        ({"when": {"occasion": "every", "every": "month", "day": 10**30}}, "when.day"),
        ({"when": {"occasion": "every", "every": "month", "day": 0}}, "when.day"),
        ({"when": {"occasion": "cron", "cron": "* * * * *"}}, "more often than once an hour"),
        ({"when": {"occasion": "cron", "cron": "59 9 * * *", "late_after": "3660d"}}, "when.late_after"),
        ({"invitation": {"at": "9999-12-31T23:59"}}, "invitation.at: must lie"),
        ({"invitation": {"at": "0001-01-01T00:00"}}, "invitation.at: must lie"),
        ({"invitation": {"at": "2026-12-20T18:00", "capacity": 0}}, "invitation.capacity"),
        *(
            ({"buttons": [{"key": "a", "kind": "link", "label": {"en": "L"}, "url": url}]}, "#1.url")
            for url in (
                "https://",
                "https:// x.y",
                "https://[",
                "https://x",
                "https://a..b",
                "https://a.b/" + "x" * 2048,
            )
        ),
    ],
)
def test_what_cannot_be_sent_is_said_before_it_is_kept(change: Mapping[str, Any], line: str) -> None:
    """A campaign with a fault is never kept, so that nothing is found out while it is sent."""
    shape: dict[str, Any] = {
        "key": "tea",
        "fallback": "en",
        "title": {"en": "Tea"},
        "when": {"occasion": "date"},
        "text": {"en": "Hi"},
    }
    shape = {name: value for name, value in {**shape, **change}.items() if value is not None}
    found = faults_of(read_values(shape, name="x").campaign(), Rules(), languages=("en", "zh_CN", "zh_TW"))
    assert any(line in fault for fault in found), found


async def test_a_picture_that_is_a_pipe_keeps_nobody_waiting(working: Working, tmp_path: Path) -> None:
    """Reading it would never end, with the database held: it is no picture."""
    mkfifo(tmp_path / "tea.png")
    async with working() as work:
        with pytest.raises(BadCampaign, match="there is no picture"):
            await keep_pictures(work, read_toml(TEA + 'picture = "tea.png"', name="tea.toml"), folder=tmp_path)


# The sandbox


@pytest.mark.parametrize(
    "text",
    [
        "{% for x in range(10**9) %}a{% endfor %}",
        "{{ 'x' * 10**9 }}",
        "{{ name|center(10**9) }}",
        "{{ name.__class__.__mro__ }}",
        "{{ custom['__class__'] }}",
        "{{ name|attr('__class__') }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% set x = 3 %}{{ x }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ lipsum() }}",
        "{% block a %}{% endblock %}",
        "{{ [1, 2, 3] }}",
        "{{ {'a': 1} }}",
        "{{ name ~ name }}",
        "{{ 9**99999 }}",
        "{{ (((((name)))))[0:5] }}",
        "{{ 'a'.join('b') }}",
        "{{ name if",
        "{% if %}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{{ name" + "|trim" * 3000 + " }}",
        "{{ name }}" * 2001,
        "{{ " + "9" * 5000 + " }}",
        "{% if name %}" * 120 + "a" + "{% endif %}" * 120,
        "{{ name" + "|trim" * 220 + " }}",
        "{{ " + "'a' if name else " * 60 + "'b' }}",
        "{% if days == '1' %}a" + "{% elif days == '2' %}b" * 400 + "{% endif %}",
        "{{ custom }}",
        "{{ name|default(custom) }}",
    ],
)
def test_a_template_knows_values_and_choices_only(text: str) -> None:
    """Nothing that could loop, grow, call or reach elsewhere is kept; each says so in a line."""
    found = template_faults(text, fields=["dog"])
    assert found
    assert all(len(line) < 500 and "\n" not in line for line in found)


@pytest.mark.parametrize(
    "text", ["{{ name }}", "{% if points and not tier %}a{% elif days == '3' %}b{% else %}c{% endif %}"]
)
def test_what_messages_need_is_there(text: str) -> None:
    """Values, choices, comparisons."""
    assert template_faults(text, fields=[]) == []


@pytest.mark.parametrize("name", ["<b>Bob", "{{ points }}", "</i>&amp;", "A" * 200, "\u202eEve", "😀" * 30])
async def test_names_are_no_markup(working: Working, name: str) -> None:
    """Whatever somebody is called is shown letter by letter."""
    async with working() as work:
        customer_id = await meet(work, 11, name)
        kept = (await add(work)).kept
        values = (await load_values(work, [customer_id]))[customer_id]
        said = render(work, kept, variant=None, values=values, params={}, language="en")
        assert "{{" not in said.html or name.startswith("{{")
        assert "<b>Bob" not in said.html


def test_the_dearest_template_can_be_filled_in() -> None:
    """What is as deep and as long as may be is no fault, and code can be made of it."""
    text = ("{{ name" + "|trim" * 17 + " }}") * (1000 // 21)
    assert template_faults(text, fields=[]) == []
    assert render_text(text, {**VARIABLES, "name": "Ann"}) == "Ann" * (1000 // 21)


@pytest.mark.parametrize("text", [r"hi {{ '\x00' }}", r"hi {{ '\ud800' }}", r"hi {{ '\x1b' }}"])
def test_signs_that_nothing_takes_are_said_before_they_stop_the_others(text: str) -> None:
    """A template may spell what no file can hold; PostgreSQL would refuse the whole slice of people for it."""
    with pytest.raises(MessageFault, match="cannot be sent"):
        render_text(text, VARIABLES)


@pytest.mark.parametrize("text", ["\u200b", "<b> </b>", "<i></i>", "\u202e{{ name }}"])
def test_what_cannot_be_seen_is_nothing_to_say(text: str) -> None:
    """Telegram takes no message without a letter to read."""
    with pytest.raises(MessageFault, match="nothing is left"):
        render_text(text, {"name": ""})


@pytest.mark.parametrize("field", ["dog", "items", "values", "get"])
async def test_a_field_that_nobody_filled_in_is_empty(working: Working, field: str) -> None:
    """Ann has no dog, so hers goes without one; a field called as Python's own is a field all the same."""
    async with working() as work:
        fields = (CustomField(key=field, kind=FieldKind.TEXT),)
        here = replace(work, rules=replace(work.rules, record=replace(work.rules.record, fields=fields)))
        customer_id = await meet(here, 11, "Ann")
        kept = (await add(here, TEA.replace("new tea", f"new tea for {{{{ custom.{field} or 'all' }}}}"))).kept
        values = (await load_values(here, [customer_id]))[customer_id]
        assert "new tea for all" in render(here, kept, variant=None, values=values, params={}, language="en").html
        known = replace(values, person=replace(values.person, custom={field: "Rex & <b>"}))
        said = render(here, kept, variant=None, values=known, params={}, language="en").html
        assert "new tea for Rex &amp; &lt;b&gt;" in said


def test_what_comes_out_too_long_or_broken_is_a_fault() -> None:
    """A value of somebody's may make a good template fail: it is said, not sent."""
    with pytest.raises(MessageFault, match="4096"):
        render_text("{{ name }}", {**VARIABLES, "name": "x" * 5000})
    with pytest.raises(MessageFault, match="nothing is left"):
        render_text("{{ name }}", {**VARIABLES, "name": " "})


# The book


async def test_a_running_campaign_is_paused_before_it_is_changed(working: Working) -> None:
    """The same again changes nothing; another text is the next version, of a paused one only."""
    async with working() as work:
        first = await add(work)
        assert (first.is_new, first.kept.state, first.kept.version) == (True, CampaignState.DRAFT, 1)
        assert not (await add(work)).is_new_version
        await change_campaign(work.tx, first.kept.id, state="running", launched_at=work.now)
        refused = await add(work, TEA.replace("new tea", "old tea"))
        assert isinstance(refused, Refusal)
        await change_campaign(work.tx, first.kept.id, state="paused")
        assert (await add(work, TEA.replace("new tea", "old tea"))).kept.version == 2
        assert [one.version for one in await list_versions(work, "tea")] == [1, 2]
        assert "new tea" in (await list_versions(work, "tea"))[0].campaign.variants[0].text["en"]


async def test_what_comes_with_the_program_is_a_draft_but_for_birthdays(working: Working) -> None:
    """Nothing goes out of itself that nobody started, and what somebody changed stays theirs."""
    async with working() as work:
        assert await seed_shipped(work) == len(shipped_campaign_files())
        assert await seed_shipped(work) == 0
        running = [one.key for one in await list_campaigns(work, state=CampaignState.RUNNING)]
        assert running == ["birthday"]
        kept = await get_campaign(work, "birthday")
        assert kept is not None
        assert kept.campaign.when.kind is OccasionKind.BIRTHDAY


# Tried out


async def test_a_preview_says_what_one_person_reads_and_whether_they_would(working: Working) -> None:
    """Ann would get it, with her name; Bob has said no; nobody in particular is refused."""
    async with working() as work:
        await add(work)
        ann, bob = await meet(work, 11, "Ann"), await meet(work, 12, "Bob", care=False)
        shown = await preview(work, "tea", ann, by=SYSTEM)
        assert not isinstance(shown, Refusal)
        assert shown.would_go
        assert shown.html.startswith("Dear Ann, new tea")
        denied = await preview(work, "tea", bob, by=SYSTEM)
        assert not isinstance(denied, Refusal)
        assert (denied.would_go, denied.why) == (False, "no_consent")
        for customer, key in ((999, "tea"), (ann, "none")):
            assert isinstance(await preview(work, key, customer, by=SYSTEM), Refusal)


async def test_a_dry_run_renders_everybody_and_stores_nothing(working: Working, database: Database) -> None:
    """Two would get it, one has said no, one's message cannot be written; the language spread and lengths are there."""
    async with working() as work:
        await add(work, TEA.replace("{{ name or 'friend' }}", "{% if name == 'Eve' %}{% else %}you{% endif %}"))
        await add(work, TEA.replace('"tea"', '"long"').replace("new tea", "{{ name }} " * 40))
        await meet(work, 11, "Ann")
        await meet(work, 12, "Bob", care=False)
        await meet(work, 13, "小雯", language="zh-hans")
        await meet(work, 14, "E" * 120)
    async with database.read() as tx:
        async with working() as other:
            work = Work(tx, other.now, other.bot_id, other.rules, other.texts)
        steps = [step async for step in dry_run(work, "long", by=SYSTEM)]
        last = steps[-1]
        assert isinstance(last, DryRun)
        assert (last.meant, last.would_go, last.faulty, dict(last.skips)) == (4, 2, 1, {"no_consent": 1})
        assert [name for _, name, _ in last.faults] == ["E" * 120]
        assert dict(last.languages) == {"en": 1, "zh_CN": 1}
        assert last.finish_at is not None
        assert 0 < last.shortest <= last.median <= last.longest
    async with database.read() as tx:
        rows = await tx.connection.exec_driver_sql("SELECT count(*) FROM deliveries")
        assert rows.scalar_one() == 0


async def test_the_short_dry_run_of_the_chat_says_when_the_last_would_have_it(working: Working) -> None:
    """Whom it looks at stand for everybody; where each has a day of their own, there is no such hour."""
    async with working() as work:
        await add(work)
        await seed_shipped(work)
        for nth in range(3):
            await meet(work, 11 + nth, f"Ann {nth}")
        tried = await try_run(work, "tea", by=SYSTEM)
        assert not isinstance(tried, Refusal)
        (*_, whole) = [step async for step in dry_run(work, "tea", by=SYSTEM)]
        assert isinstance(whole, DryRun)
        assert (tried.would_go, tried.finish_at) == (3, whole.finish_at)
        birthday = await try_run(work, "birthday", by=SYSTEM)
        assert not isinstance(birthday, Refusal)
        assert birthday.finish_at is None


@pytest.mark.parametrize("text", ["<!DOCTYPE html>hi", "<![CDATA[x]]>hi", "<!-- x -->hi", "<!-->hi"])
def test_declarations_are_no_words(text: str) -> None:
    """What Telegram would refuse for each person is found when the words are saved."""
    with pytest.raises(MessageFault, match="comments"):
        render_text(text, {})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('<a href="https://x.example">a <a href="https://y.example">b</a></a>', "a link stands within a link"),
        ("<code>a <b>b</b></code>", "take <b> out"),
        ("<pre><i>b</i></pre>", "take <i> out"),
    ],
)
def test_tags_that_cannot_stand_within_each_other_are_named(text: str, line: str) -> None:
    """What Telegram would show otherwise than it was written is said when the words are saved."""
    with pytest.raises(MessageFault, match=line):
        render_text(text, {})


def test_code_may_stand_in_a_frame() -> None:
    """The two tags that are meant to go together, and bold words within a link, are no fault."""
    text = '<pre><code>1 + 1</code></pre> <a href="https://x.example"><b>more</b></a>'
    assert render_text(text, {}) == text
