"""Bans: everything is kept, nothing is passed on, one honest line a day, and an end by itself."""

from dataclasses import replace
from datetime import timedelta

from domain.contact import Hold
from domain.desk import DeskRules
from domain.people import Consent, ConsentClass
from services import bans
from services.contact import may_contact
from storage.people import set_consent
from storage.staff import list_active
from tests.handlers.harness import Chat
from tests.handlers.staff.desk import ANN, BEN, SUE, CaseView, Desk

NEVER_SAID = "I will have you all"


async def banned(desk: Desk, *, words: str = "/ban 7 days insults") -> tuple[CaseView, Chat]:
    """Return the case of Ann, whom Sue has banned for a week, and Ann's chat."""
    case = await desk.case_of()
    desk.town.moves(minutes=1)
    heard = await case.writes(SUE, words)
    assert "Ann is banned until" in heard.told_staff
    return case, desk.town.chat(ANN, "Ann")


async def test_a_banned_persons_words_are_kept_and_reach_nobody(desk: Desk) -> None:
    """They stand in the case; staff hear nothing, and Ann reads once a day until when."""
    case, ann = await banned(desk)
    first = await ann.says(NEVER_SAID)
    assert len(first) == 1
    assert "we do not answer you here" in first[0].text
    assert await ann.says("and you too") == []
    assert await ann.sends_photo() == []
    with desk.town.holding_back():
        await ann.says("once more")
    assert await desk.town.rows("outbox", state="queued") == []
    said = [row.text for row in await case.record(author_kind="customer")]
    assert said[-4:] == [NEVER_SAID, "and you too", "", "once more"]
    told = [row.text for row in await desk.town.rows("interactions", author_kind="system")]
    assert sum("we do not answer you here" in text for text in told) == 1
    desk.town.moves(days=1)
    assert len(await ann.says("a new day")) == 1


async def test_the_shop_says_how_else_it_is_reached(desk: Desk) -> None:
    """The words are the shop's own, by language."""
    rules = DeskRules(reach_us={"en": "Please ring 020 1234 <mornings>."})
    desk.town.rules = replace(desk.town.rules, desk=rules)
    _, ann = await banned(desk)
    (line,) = await ann.says("hello")
    assert "Please ring 020 1234 <mornings>." in line.text


async def test_what_is_about_ones_own_data_keeps_working(desk: Desk) -> None:
    """/stop, /privacy, /language, /mydata and /forgetme answer; a button of the service does not."""
    case, ann = await banned(desk)
    for command in ("/stop", "/privacy", "/language", "/mydata"):
        assert any("we do not answer" not in said.text for said in await ann.says(command)), command
    await ann.taps("c:cases")
    assert "we do not answer you here" in ann.popup
    await ann.taps(f"c:solved:{case.id}")
    assert (await case.now()).live
    assert await ann.says("/forgetme")
    await ann.taps("c:fgo")
    await ann.taps("c:fyes")
    assert await desk.town.rows("contact_points", chat_id=ANN) == []


async def test_an_edit_during_a_ban_reaches_nobody(desk: Desk) -> None:
    """The new version is kept like the first."""
    case, ann = await banned(desk)
    await ann.says("hello")
    message_id = ann.last_message_id
    assert await ann.edits(message_id, "hello, you") == []
    with desk.town.holding_back():
        await ann.edits(message_id, "hello, all of you")
    assert await desk.town.rows("outbox", state="queued") == []
    assert (await case.record(author_kind="customer"))[-1].text == "hello, all of you"


async def test_a_ban_ends_by_itself_and_its_words_are_read(desk: Desk) -> None:
    """A week later Ann is heard again, and staff read what she wrote meanwhile, once."""
    case, ann = await banned(desk)
    await ann.says(NEVER_SAID)
    desk.town.moves(days=7, minutes=1)
    async with desk.town.work() as work:
        assert await bans.end_bans(work, limit=10) == 1
    async with desk.town.work() as work:
        assert await bans.end_bans(work, limit=10) == 0
    shown = "\n".join(said.text for said in await desk.town.deliver())
    assert "The ban of Ann is over. Meanwhile 1 message came" in shown
    assert NEVER_SAID in shown
    with desk.town.holding_back():
        await ann.says("I am sorry")
    assert await desk.town.rows("outbox", state="queued", purpose="customer_words")
    assert (await case.record(author_kind="customer"))[-1].text == "I am sorry"


async def test_a_ban_is_over_at_its_instant_without_any_tick(desk: Desk) -> None:
    """Who is heard is decided by the clock, not by whether somebody has looked."""
    _, ann = await banned(desk)
    desk.town.moves(days=7)
    with desk.town.holding_back():
        await ann.says("hello again")
    assert await desk.town.rows("outbox", state="queued", purpose="customer_words")


async def test_only_who_supervises_bans_and_it_needs_a_reason_and_an_end(desk: Desk) -> None:
    """Ben is refused; Sue is asked why, and told when she names no end."""
    case = await desk.case_of()
    assert "banned" not in (await case.writes(BEN, "/ban 7 days insults")).told_staff
    assert "cannot read until when" in (await case.writes(SUE, "/ban for being rude")).told_staff
    assert await desk.town.rows("bans") == []
    asked = await case.writes(SUE, "/ban 3 days")
    prompt = next(said for said in asked.staff if said.body.get("force_reply"))
    await case.writes(SUE, "threats", reply_to=prompt.message_id)
    (row,) = await desk.town.rows("bans")
    assert (row.reason, row.until_at - row.at) == ("threats", timedelta(days=3))
    (audited,) = await desk.town.rows("audit", action="customer.ban")
    assert (audited.actor_kind, audited.after["reason"]) == ("staff", "threats")


async def test_a_ban_by_buttons_and_its_end_from_the_list(desk: Desk) -> None:
    """A tap for the days, words for the reason; /bans lists it, and a tap lifts it."""
    case = await desk.case_of()
    picker = (await desk.taps(SUE, f"k:ban:{case.id}", case.card)).staff[-1]
    asked = await desk.taps(SUE, f"k:ban:{case.id}:30", picker.message_id)
    prompt = next(said for said in asked.staff if said.body.get("force_reply"))
    await case.writes(SUE, "spam links", reply_to=prompt.message_id)
    listed = await desk.writes(SUE, "/bans")
    assert "Ann until" in listed.told_staff
    assert "spam links" in listed.told_staff
    button = next(data for said in listed.staff for _, data in said.buttons)
    lifted = await desk.taps(SUE, button, listed.staff[-1].message_id)
    assert "The ban of Ann is lifted" in lifted.told_staff
    assert "Nobody is banned" in (await desk.writes(SUE, "/bans")).told_staff
    assert (await desk.town.rows("contact_points", chat_id=ANN))[0].banned_until_at is None


async def test_a_lifted_ban_is_told_once_with_what_was_said(desk: Desk) -> None:
    """A bare command is nothing that was said."""
    case, ann = await banned(desk)
    await ann.says("sorry")
    await ann.says("/start")
    told = (await case.writes(SUE, "/unban")).told_staff
    assert "Ann is no longer banned. Meanwhile 1 message came" in told
    assert "/start" not in told
    assert "is lifted" not in told


async def test_a_second_ban_takes_the_place_of_the_first(desk: Desk) -> None:
    """One ban is in force, the newest; lifting it leaves none."""
    case, _ = await banned(desk)
    await case.writes(SUE, "/ban 1 day less")
    async with desk.town.work() as work:
        sue = next(m for m in await list_active(work.tx) if m.user_id == SUE)
        found = await bans.list_bans(work, by=sue)
        assert isinstance(found, list)
        assert [one.reason for one in found] == ["less"]
    await case.writes(SUE, "/unban")
    assert all(row.lifted_at is not None for row in await desk.town.rows("bans"))


async def test_nothing_unasked_goes_to_the_banned(desk: Desk) -> None:
    """A birthday greeting waits until the ban is over."""
    case, _ = await banned(desk)
    customer_id = (await case.now()).customer_id
    async with desk.town.work() as work:
        consent = Consent(ConsentClass.CARE, True)
        await set_consent(work.tx, customer_id=customer_id, consent=consent, notice_version=1, now=work.now)
        held = await may_contact(work, customer_id, ConsentClass.POINTS)
        assert held.why is Hold.NO_CONSENT  # the more lasting reason is named
        await set_consent(
            work.tx,
            customer_id=customer_id,
            consent=Consent(ConsentClass.POINTS, True),
            notice_version=1,
            now=work.now,
        )
        held = await may_contact(work, customer_id, ConsentClass.POINTS)
        assert (held.allowed, held.why) == (False, Hold.BANNED)
        later = work.now + timedelta(days=7)
        assert held.until == later
        assert (await may_contact(work, customer_id, ConsentClass.POINTS, at=later)).allowed


async def test_words_being_gathered_open_no_case_during_a_ban(desk: Desk) -> None:
    """What Ann had begun to say joins the case she was banned from."""
    case = await desk.case_of()
    ann = desk.town.chat(ANN, "Ann")
    await ann.says("/complaint")
    await case.writes(SUE, "/ban 7 days insults")
    assert all(row.name == "idle" for row in await desk.town.rows("dialogues"))
