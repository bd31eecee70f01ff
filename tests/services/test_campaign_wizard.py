"""Making campaigns step by step: every step leaves a whole draft, two people's changes both stand, no syntax."""

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from domain.campaigns import ButtonKind, Campaign, CampaignState, Gift, OccasionKind, When
from domain.outcomes import Refusal
from domain.people import Role
from domain.surveys import Every
from services import segments
from services.campaigns import control, pickers, ready_words, trial, wizard
from services.campaigns.book import Kept, add_campaign, list_campaigns, list_versions, seed_shipped
from services.campaigns.document import read_toml
from services.campaigns.plain_words import INSERTS, readable, when_words
from services.campaigns.wizard import Changed, Edit
from services.case_door import actor_of
from services.records import add_tag
from services.work import Work
from storage import campaigns as rows
from storage.tables import outbox
from tests.services.campaign_office import BIRTHDAY, draft, hire
from tests.services.shop import ANN_CHAT, BOB_CHAT, Working, arrive

MIA, MAX, BEN = 601, 602, 603
TODAY = date(2026, 11, 22)
OUTBOX = select(outbox.c.body).order_by(outbox.c.id)


async def _changed(work: Work, kept: Kept, edit: Edit, by: int = MIA, *, seen: int | None = None) -> Changed:
    member = await hire(work, by, "Mia" if by == MIA else "Max", Role.MARKETER)
    done = await wizard.change(work, kept.id, edit, by=actor_of(member), seen=seen)
    assert isinstance(done, Changed), done
    return done


_CHOICES = [
    ("holiday", "mid_autumn", When(OccasionKind.HOLIDAY, holiday="mid_autumn", late_after=timedelta(hours=10))),
    ("date", "now", When(OccasionKind.DATE)),
    ("date", "2026-12-24", When(OccasionKind.DATE, on=date(2026, 12, 24))),
    ("every", "week.1", When(OccasionKind.EVERY, every=Every.WEEK, day=1)),
    ("every", "month.15", When(OccasionKind.EVERY, every=Every.MONTH, day=15)),
    ("silence", "60", When(OccasionKind.SILENCE, silence_days=60)),
    ("purchase", "3", When(OccasionKind.PURCHASE, after=timedelta(days=3))),
    ("case", "1", When(OccasionKind.CASE, after=timedelta(days=1))),
    ("joined", "0", When(OccasionKind.JOINED)),
    ("points_expiring", "", When(OccasionKind.POINTS_EXPIRING, lead_days=14)),
    ("tier_up", "", When(OccasionKind.TIER_UP)),
    ("anniversary", "", When(OccasionKind.ANNIVERSARY)),
]


async def test_every_choice_makes_a_whole_draft(working: Working) -> None:
    """It has words in every language, and could be started at once."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        for kind, choice, when in _CHOICES:
            assert wizard.occasion_of(kind, choice, today=TODAY) == when
            kept = await draft(work, mia, when)
            assert (kept.state, kept.campaign.when) == (CampaignState.DRAFT, when)
            assert all(text.strip() for text in kept.campaign.variants[0].text.values())
            assert when_words(work, kept.campaign, "zh_TW")


@pytest.mark.parametrize(
    ("kind", "choice"),
    [
        ("holiday", "moon_day"),
        ("date", "2026-11-21"),
        ("date", "2049-01-01"),
        ("date", "soon"),
        ("every", "week.8"),
        ("every", "year.1"),
        ("silence", "-3"),
        ("silence", "9" * 30),
        ("purchase", "٣"),
        ("cron", "* * * * *"),
        ("nothing", ""),
    ],
)
def test_forged_choices_are_refused(kind: str, choice: str) -> None:
    """Whatever stands in a forged button, only what is offered is taken."""
    with pytest.raises(ValueError, match=r".*"):
        wizard.occasion_of(kind, choice, today=TODAY)


async def test_an_agent_makes_and_changes_nothing(working: Working) -> None:
    """Begin, change, discard, try: each is refused in the service."""
    async with working() as work:
        mia, ben = await hire(work, MIA, "Mia", Role.MARKETER), await hire(work, BEN, "Ben", Role.AGENT)
        kept = await draft(work, mia)
        agent = actor_of(ben)
        for refused in (
            await wizard.begin(work, BIRTHDAY, by=agent),
            await wizard.change(work, kept.id, wizard.at_hour("0900"), by=agent),
            await wizard.discard(work, kept.id, by=agent),
            await trial.try_run(work, kept.key, by=agent),
            await trial.test_to_me(work, kept.key, by=ben, language="en"),
        ):
            assert isinstance(refused, Refusal)
            assert refused.key == "campaign_staff.refused.not_allowed"
        assert [one.version for one in await list_versions(work, kept.key)] == [1]


async def test_two_people_change_one_draft_and_both_changes_stand(working: Working) -> None:
    """Each change is made to the draft as it is now; no one overwrites the other's part."""
    async with working() as work:
        kept = await draft(work, await hire(work, MIA, "Mia", Role.MARKETER))
        await _changed(work, kept, wizard.at_hour("0930"))
        await _changed(work, kept, wizard.days_before("1"), MAX)
        last = (await _changed(work, kept, wizard.called("  Spring \n greetings "))).kept
        assert (last.campaign.when.at.isoformat() if last.campaign.when.at else "", last.campaign.when.lead_days) == (
            "09:30:00",
            1,
        )
        assert set(last.campaign.title.values()) == {"Spring greetings"}
        assert last.version == 4


async def test_words_written_over_somebody_elses_are_said(working: Working) -> None:
    """Whose words were replaced, and in which version they stand; not when only the hour was changed in between."""
    async with working() as work:
        mia, max_ = await hire(work, MIA, "Mia", Role.MARKETER), await hire(work, MAX, "Max", Role.MARKETER)
        kept = await draft(work, mia)
        hour = await _changed(work, kept, wizard.at_hour("0930"), MAX)
        none = await _changed(work, kept, wizard.writing(work, "Mine", ("en",)), seen=kept.version)
        assert (none.over, hour.over) == (None, None)
        theirs = await _changed(work, kept, wizard.writing(work, "Theirs", ("en",)), MAX)
        over = await _changed(work, kept, wizard.writing(work, "Mine again", ("en",)), seen=none.kept.version)
        assert over.over == (max_.id, theirs.kept.version)


async def test_what_runs_is_not_changed(working: Working) -> None:
    """It has to be paused first."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        kept = await draft(work, mia)
        await rows.change_campaign(work.tx, kept.id, state="running", launched_at=work.now)
        assert isinstance(await wizard.change(work, kept.id, wizard.at_hour("0900"), by=actor_of(mia)), Refusal)
        assert isinstance(await wizard.discard(work, kept.id, by=actor_of(mia)), Refusal)


async def test_pickers_are_combined_and_taken_back(working: Working) -> None:
    """All that is picked has to be true; of tiers one at a time; picked again it is off; counted while picking."""
    async with working() as work:
        ann, bob = await arrive(work, chat_id=ANN_CHAT, name="Ann"), await arrive(work, chat_id=BOB_CHAT, name="Bob")
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        await add_tag(work, ann.customer.id, "tea", by=actor_of(await hire(work, BEN, "Ben", Role.ADMIN)))
        await segments.save(work, name='The "good" ones', expression="tier >= gold", by=actor_of(mia))
        picks = {pick.label: pick for pick in await pickers.picks_of(work, "en")}
        everybody = await pickers.look(work, None, by=actor_of(mia))
        assert not isinstance(everybody, Refusal)
        assert (everybody.count, {name for _, name in everybody.sample}) == (2, {"Ann", "Bob"})
        one = pickers.toggled(work, None, picks["Tag: tea"])
        found = await pickers.look(work, one, by=actor_of(mia))
        assert not isinstance(found, Refusal)
        assert found.sample == ((ann.customer.id, "Ann"),)
        two = pickers.toggled(work, one, picks["Silver and above"])
        three = pickers.toggled(work, two, picks["Gold and above"])
        assert three == "tag = tea and tier >= gold"
        assert pickers.picked(work, three, list(picks.values())) == {
            picks["Tag: tea"].code,
            picks["Gold and above"].code,
        }
        assert pickers.toggled(work, pickers.toggled(work, three, picks["Tag: tea"]), picks["Gold and above"]) is None
        saved = pickers.toggled(work, None, picks['The "good" ones'])
        assert saved == 'segment("The \\"good\\" ones")'
        assert bob.customer.id


async def test_every_pick_can_be_counted_and_fits_a_button(working: Working) -> None:
    """In each language; none is a condition that cannot be asked."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        for language in ("en", "zh_CN", "zh_TW"):
            for pick in await pickers.picks_of(work, language):
                found = await pickers.look(work, pick.expression, by=actor_of(mia))
                assert not isinstance(found, Refusal), pick
                assert len(f"k:campaignset:0:99999999:whom:{pick.code}".encode()) <= 64
                assert pick.label


async def test_what_was_written_by_hand_stays_beside_the_picks(working: Working) -> None:
    """An expression from a file is kept, and what is picked is added to it."""
    async with working() as work:
        picks = {pick.label: pick for pick in await pickers.picks_of(work, "en")}
        added = pickers.toggled(work, "spent > 100 or lost", picks["Gold and above"])
        assert added == "(spent > 100 or lost) and tier >= gold"


_WRITTEN = {
    "Hi [name]!": "Hi {{ name }}!",
    "Hi [ Name ] and [whoever]": "Hi {{ name }} and [whoever]",
    "您好，[姓名]：您有 [积分] 积分": "您好，{{ name }}：您有 {{ points | before_han }}积分",
    "【姓名】您好": "{{ name | before_han }}您好",
    "a < b & c {{ name }} {% raw %}": "a &lt; b &amp; c &#123;&#123; name &#125;&#125; &#123;% raw %&#125;",
}


async def test_words_mean_what_they_say(working: Working) -> None:
    """Brackets in any language are inserted; neither HTML nor templates can be written by accident."""
    async with working() as work:
        for words, template in _WRITTEN.items():
            assert ready_words.to_template(work, words) == template
        assert readable(work, _WRITTEN["Hi [name]!"], "zh_CN") == "Hi [姓名]!"
        assert readable(work, _WRITTEN["a < b & c {{ name }} {% raw %}"], "en") == "a < b & c {{ name }} {% raw %}"


async def test_every_insert_is_known_in_every_language(working: Working) -> None:
    """What the prompt offers is understood when it is written."""
    async with working() as work:
        for language in ("en", "zh_CN", "zh_TW"):
            for name in INSERTS:
                label = work.texts.button(f"campaign_staff.insert.{name}", language)
                assert ready_words.to_template(work, f"[{label}]") == f"{{{{ {name} }}}}", (language, name)


async def test_the_name_is_put_first_once(working: Working) -> None:
    """Words without a name begin with it in every language; pressed again nothing changes."""
    async with working() as work:
        kept = await draft(work, await hire(work, MIA, "Mia", Role.MARKETER))
        plain = await _changed(work, kept, wizard.writing(work, "come in", ("en", "zh_CN", "zh_TW")))
        assert not ready_words.names_person(plain.kept.campaign.variants[0].text["en"])
        named = await _changed(work, kept, wizard.naming_first(work))
        assert named.kept.campaign.variants[0].text["en"] == "Dear {{ name }}, come in"
        assert named.kept.campaign.variants[0].text["zh_CN"].startswith("{{ name }}，您好！")
        again = await _changed(work, kept, wizard.naming_first(work))
        assert again.kept == named.kept


async def test_a_solemn_day_begins_without_cheer_and_takes_no_gift(working: Working) -> None:
    """Qingming: solemn from the first choice on; a forged gift is refused."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        kept = await draft(work, mia, When(OccasionKind.HOLIDAY, holiday="qingming"))
        assert kept.campaign.solemn
        forged = await wizard.change(work, kept.id, await wizard.giving(work, "p50"), by=actor_of(mia))
        assert isinstance(forged, Refusal)


async def test_ready_words_bring_everything_that_belongs_to_them(working: Working) -> None:
    """The shipped text for the occasion comes first, and is what a new draft says."""
    async with working() as work:
        await seed_shipped(work)
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        when = When(OccasionKind.HOLIDAY, holiday="mid_autumn")
        kept = await draft(work, mia, when)
        first = ready_words.ready_for(work, when, "en")[0]
        assert kept.campaign.variants == first.variants
        assert kept.key == "mid_autumn_2"
        assert any(one.key == "mid_autumn" and one.shipped for one in await list_campaigns(work))


async def test_a_test_is_sent_with_pictured_buttons_and_counts_nowhere(working: Working) -> None:
    """A plain link opens; what a customer would answer with does nothing here."""
    text = """
key = "trial"
fallback = "en"
title.en = "Trial"
text.en = "Hello {{ name }}"
[when]
occasion = "birthday"
[[buttons]]
key = "see"
kind = "link"
label.en = "See"
url = "https://example.org/x"
[[buttons]]
key = "yes"
kind = "answer"
label.en = "Thanks"
reply.en = "You are welcome"
"""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        added = await add_campaign(work, read_toml(text, name="trial.toml"), by=actor_of(mia))
        assert not isinstance(added, Refusal), added
        sent = await trial.test_to_me(work, "trial", by=mia, language="en")
        assert isinstance(sent, Kept)
        await work.tx.flush()
        bodies = [row.body for row in await work.tx.execute(OUTBOX)]
        assert bodies[-1]["content"]["text"] == "Hello Mia"
        buttons = [button for row in bodies[-1]["buttons"] for button in row]
        assert [button.get("url") for button in buttons] == ["https://example.org/x", None]
        assert sent.campaign.buttons[1].kind is ButtonKind.ANSWER


async def test_two_changes_at_the_same_moment_both_stand(working: Working) -> None:
    """Two transactions at once, on both engines: the second is made to what the first left."""
    async with working() as work:
        mia, max_ = await hire(work, MIA, "Mia", Role.MARKETER), await hire(work, MAX, "Max", Role.MARKETER)
        kept = await draft(work, mia)

    async def change(edit: Edit, by: int) -> None:
        async with working() as work:
            member = mia if by == MIA else max_
            assert isinstance(await wizard.change(work, kept.id, edit, by=actor_of(member)), Changed)

    await asyncio.gather(
        change(wizard.at_hour("0930"), MIA), change(wizard.days_before("3"), MAX), change(wizard.called("Cake"), MIA)
    )
    async with working() as work:
        found = await wizard.find_by_id(work, kept.id)
        assert found is not None
        when = found.campaign.when
        assert (str(when.at), when.lead_days, found.campaign.title["en"], found.version) == ("09:30:00", 3, "Cake", 4)


async def test_two_presses_at_the_same_moment_begin_one_draft(working: Working) -> None:
    """The button pressed twice before the first press was answered."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)

    async def press() -> None:
        async with working() as work:
            await draft(work, mia)

    await asyncio.gather(press(), press(), press())
    async with working() as work:
        assert len(await list_campaigns(work)) == 1


async def test_what_is_missing_yet_keeps_nobody_from_changing_the_rest(working: Working) -> None:
    """The shop has no reward for the ready-made voucher yet: Mia chooses its hour, and reads why it cannot start."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        await seed_shipped(work)
        [kept] = [one for one in await list_campaigns(work) if one.key == "birthday_voucher"]
        changed = await _changed(work, kept, wizard.at_hour("0900"))
        assert changed.kept.campaign.when.at == time(9)
        refused = await control.launch(work, kept.key, by=actor_of(mia))
        assert isinstance(refused, Refusal)
        assert "there is no reward birthday_treat" in str(refused.values["fault"])


async def test_a_change_that_cannot_be_kept_is_told_in_words(working: Working) -> None:
    """A reward that is gone by the time it is chosen: Mia reads what is wrong, and the draft is as it was."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        kept = await draft(work, mia, BIRTHDAY)

        def gives(campaign: Campaign) -> Campaign:
            return replace(campaign, gift=Gift(reward="gone"))

        refused = await wizard.change(work, kept.id, gives, by=actor_of(mia))
        assert isinstance(refused, Refusal)
        assert refused.key == "campaign_staff.refused.faults"
        assert "there is no reward gone" in str(refused.values["faults"])
        assert await wizard.find_by_id(work, kept.id) == kept
