"""Language, privacy, and which unasked messages come."""

from dataclasses import replace
from datetime import time, timedelta

from domain.calendars import QuietHours
from domain.interactions import Content, Kind
from domain.outgoing import Action, Button, Outgoing, Purpose, to_contact
from storage.outbox import add_outgoing
from storage.tables import metadata
from tests.handlers.harness import BOT_ID, Chat, Said, Town


async def given(town: Town) -> dict[str, bool]:
    """Return every answer kept, by kind."""
    return {row.kind: row.given for row in await town.rows("consents")}


async def test_a_language_is_chosen_at_once(town: Town, ann: Chat) -> None:
    """The very next line and the keyboard are in the chosen language."""
    (asked,) = await ann.says("/language")
    assert [label for label, _ in asked.buttons] == ["English", "简体中文", "繁體中文"]
    said = await ann.taps("c:lang:zh_TW")
    assert said[-1].keyboard[0][0] == "🛠 回報問題"
    assert [row.language for row in await town.rows("customers")] == ["zh_TW"]
    assert await ann.taps("c:lang:xx") == []
    assert [row.language for row in await town.rows("customers")] == ["zh_TW"]


async def test_the_privacy_notice_is_versioned(town: Town, ann: Chat) -> None:
    """Who read it is on record with its version."""
    await ann.says("/privacy")
    assert [row.notice_version for row in await town.rows("contact_points")] == [1]


async def test_each_kind_is_asked_for_itself(town: Town, ann: Chat) -> None:
    """Tapping one kind changes that one, shown at once; a double tap changes nothing twice."""
    await ann.says("/privacy")
    (wishes,) = await ann.taps("c:wishes")
    assert len(wishes.buttons) == 4
    (after,) = await ann.taps("c:consent:offers:on")
    assert after.message_id == wishes.message_id
    assert after.data("c:consent:offers") == "c:consent:offers:off"
    await ann.taps("c:consent:offers:on", message_id=wishes.message_id)
    assert await given(town) == {"offers": True}


async def test_stop_silences_everything_unasked_in_one_line(town: Town, ann: Chat) -> None:
    """After /stop only answers to cases come; a kind is turned back on with one tap."""
    await ann.says("hello")
    (said,) = await ann.says("/stop")
    assert "\n" not in said.text
    assert await given(town) == {"care": False, "offers": False, "points": False, "surveys": False}
    await ann.taps("c:unmute:care")
    assert (await given(town))["care"] is True


async def test_one_tap_under_a_greeting_stops_that_kind(town: Town, ann: Chat) -> None:
    """The greeting stays readable, says that its kind has stopped, and offers the way back."""
    await ann.says("hello")
    (contact,) = await town.rows("contact_points")
    async with town.work() as work:
        greeting = Outgoing(
            purpose=Purpose.BIRTHDAY,
            target=to_contact(contact.id),
            content=Content(Kind.TEXT, "<b>Happy birthday, Ann!</b>"),
            html=True,
            buttons=((Button("stop", data="c:mute:care"),),),
        )
        await add_outgoing(work.tx, greeting, bot_id=BOT_ID, now=town.now)
    ann.said().extend(await town.deliver())
    for _ in range(2):
        (said,) = await ann.taps("c:mute:care", message_id=ann.said()[1].message_id)
        assert said.action is Action.EDIT
        assert said.html.startswith("<b>Happy birthday, Ann!</b>")
        assert said.text.count("stopped") == 1
        assert said.data("c:unmute:care")
    assert await given(town) == {"care": False}


async def test_forged_wishes_change_nothing(town: Town, ann: Chat) -> None:
    """Service cannot be turned off by hand, nor can a kind that is none."""
    for data in ("c:mute:service", "c:consent:service:off", "c:consent:care:maybe", "c:unmute:", "c:mute"):
        assert await ann.taps(data) == []
        assert ann.popup
    assert await given(town) == {}


async def wishes(ann: Chat) -> Said:
    """Open the screen of wishes."""
    await ann.says("/privacy")
    (screen,) = await ann.taps("c:wishes")
    return screen


async def test_a_pause_is_one_tap_and_ends_by_itself(town: Town, ann: Chat) -> None:
    """What was a yes is paused until a date that is shown, what was a no stays one; after the date it is a yes."""
    screen = await wishes(ann)
    assert not [data for _, data in screen.buttons if data.startswith("c:snooze")]
    await ann.taps("c:consent:care:on")
    await ann.taps("c:consent:points:on")
    (paused,) = await ann.taps("c:snooze:week")
    assert paused.message_id == screen.message_id
    assert "Mar 11" in paused.text
    assert "Mar 11" in ann.popup
    labels = [label for label, _ in paused.buttons]
    assert labels[0] == "🎂 Birthday and care: paused until Mar 11"
    assert labels[1] == "🏷 Offers: no"
    kept = {row.kind: (row.given, row.until_at) for row in await town.rows("consents")}
    assert kept == {"care": (False, town.now + timedelta(days=7)), "points": (False, town.now + timedelta(days=7))}
    audited = (await town.rows("audit", action="consent.care"))[-1]
    assert audited.after["until_at"] == (town.now + timedelta(days=7)).isoformat()
    town.moves(days=7)
    again = await wishes(ann)
    assert again.buttons[0][0] == "🎂 Birthday and care: yes"


async def test_a_pause_can_be_ended_and_lengthened(town: Town, ann: Chat) -> None:
    """From a week to a month while it lasts; ended at once, or for one kind by its own button."""
    await wishes(ann)
    await ann.taps("c:consent:care:on")
    await ann.taps("c:consent:offers:on")
    await ann.taps("c:snooze:week")
    await ann.taps("c:snooze:month", message_id=ann.said()[-1].message_id)
    assert {row.until_at for row in await town.rows("consents")} == {town.now + timedelta(days=30)}
    await ann.taps("c:consent:care:on")
    assert await given(town) == {"care": True, "offers": False}
    (screen,) = await ann.taps("c:snooze:end")
    assert await given(town) == {"care": True, "offers": True}
    assert screen.data("c:snooze:week")


async def test_stop_means_stop_also_in_a_pause(town: Town, ann: Chat) -> None:
    """After /stop nothing comes back by itself."""
    await wishes(ann)
    await ann.taps("c:consent:care:on")
    await ann.taps("c:snooze:week")
    await ann.says("/stop")
    assert {row.until_at for row in await town.rows("consents")} == {None}
    assert await ann.taps("c:snooze:year") == []


async def test_the_quiet_hours_are_shown_on_ones_own_clock(town: Town, ann: Chat) -> None:
    """With the city whose clock it is; not at all when there are none."""
    assert "between 21:00 and 08:00" in (await wishes(ann)).text
    await town.update(message=ann.message(text="hello"))
    async with town.work() as work:
        await work.tx.execute(metadata.tables["customers"].update().values(zone="Asia/Taipei"))
    assert "Taipei" in (await wishes(ann)).text
    town.rules = replace(town.rules, quiet=QuietHours(time(0), time(0)))
    assert "between" not in (await wishes(ann)).text


async def test_a_consent_asked_elsewhere_is_answered_there(town: Town, ann: Chat) -> None:
    """A yes under a question on another message leaves that message alone and says what follows from it."""
    await ann.says("hello")
    (contact,) = await town.rows("contact_points")
    async with town.work() as work:
        question = Outgoing(
            purpose=Purpose.CONVERSATION,
            target=to_contact(contact.id),
            content=Content(Kind.TEXT, "Shall I tell you?"),
            buttons=((Button("Yes", data="c:consent:points:on"),),),
        )
        await add_outgoing(work.tx, question, bot_id=BOT_ID, now=town.now)
    ann.said().extend(await town.deliver())
    (said,) = await ann.taps("c:consent:points:on")
    assert said.action is Action.SEND
    assert "From now on I tell you about your points" in said.text
    assert said.data("c:mute:points")
    assert await given(town) == {"points": True}
