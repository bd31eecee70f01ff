"""Language, privacy, and which unasked messages come."""

from domain.interactions import Content, Kind
from domain.outgoing import Action, Button, Outgoing, Purpose, to_contact
from storage.outbox import add_outgoing
from tests.handlers.harness import BOT_ID, Chat, Town


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
