"""What people and groups do, and what the bot hears of it."""

import asyncio
from typing import Any

import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MenuButtonCommands,
    MenuButtonWebApp,
    WebAppInfo,
)
from telegram import BotCommandScopeAllPrivateChats as AllPrivate
from telegram import BotCommandScopeChatMember as OneMember
from telegram.error import BadRequest

from simulator import ControlError, Settings, World
from tests.simulator.conftest import TOKEN, Desk


def heard(world: World) -> list[dict[str, Any]]:
    """The updates that wait for the bot; they are taken away."""
    updates = [queued.body for queued in world.bot().queue.waiting()]
    world.bot().queue.clear()
    return updates


def test_a_deep_link_brings_its_payload(world: World) -> None:
    """Starting by a link says where somebody comes from."""
    person = world.add_person("Cy")["id"]
    world.start(person, "s-store12")
    [update] = heard(world)
    assert update["message"]["text"] == "/start s-store12"
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    for payload in ("x" * 65, "two words", ""):
        with pytest.raises(ControlError, match="payload"):
            world.start(person, payload)


def test_blocking_and_coming_back(world: World, ann: int) -> None:
    """A block and its end are told; starting again unblocks by itself."""
    world.block(ann)
    with pytest.raises(ControlError, match="blocked"):
        world.send(ann, "x")
    world.start(ann)
    blocked, unblocked, start = heard(world)
    assert blocked["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert unblocked["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert start["message"]["text"] == "/start"


def test_edits_are_told(world: World, ann: int) -> None:
    """An edited message comes again with its new words."""
    said = world.send(ann, "helo")["message_id"]
    world.edit(ann, None, said, "hello")
    picture = world.send(ann, kind="photo", caption="old")["message_id"]
    world.edit(ann, ann, picture, caption="new")
    _, first, _, second = heard(world)
    assert first["edited_message"]["text"] == "hello"
    assert second["edited_message"]["caption"] == "new"


def test_deletions_are_not_told(world: World, ann: int) -> None:
    """Telegram does not say that something was deleted."""
    said = world.send(ann, "oops")["message_id"]
    heard(world)
    world.delete_message(ann, said)
    assert heard(world) == []


def test_an_album_comes_in_pieces(world: World, ann: int) -> None:
    """Each picture is an update of its own, joined by the group's id."""
    world.send_album(ann, [{"kind": "photo", "caption": "the tear"}, {"kind": "video"}])
    first, second = (update["message"] for update in heard(world))
    assert first["media_group_id"] == second["media_group_id"]
    assert (first["caption"], "video" in second) == ("the tear", True)


def test_contacts_say_whose_they_are(world: World, ann: int) -> None:
    """A shared number carries the account it belongs to, or none."""
    world.send(ann, kind="contact", phone="+85212345678", contact_user_id=ann)
    world.send(ann, kind="contact", phone="+85212345678")
    own, other = (update["message"]["contact"] for update in heard(world))
    assert (own["user_id"], other.get("user_id")) == (ann, None)


def test_forwards_show_or_hide_their_origin(world: World, ann: int, ben: int) -> None:
    """A forward names the account it comes from, or only a name."""
    world.send(ann, "x", forward_from=ben)
    world.send(ann, "x", forward_from="Secret Friend")
    open_, hidden = (update["message"]["forward_origin"] for update in heard(world))
    assert open_["sender_user"]["id"] == ben
    assert (hidden["type"], hidden["sender_user_name"]) == ("hidden_user", "Secret Friend")


async def test_taps_and_their_answers(any_bot: Bot, world: World, ann: int) -> None:
    """A tap comes with its data; the answer is seen; too late it is refused."""
    rows = [[InlineKeyboardButton("Yes", callback_data="y"), InlineKeyboardButton("Site", url="https://example.com")]]
    sent = await any_bot.send_message(ann, "Sure?", reply_markup=InlineKeyboardMarkup(rows))
    world.tap(ann, ann, sent.id, "Yes")
    assert world.tap_latest(ann, "Site") == {"url": "https://example.com"}
    [update] = await any_bot.get_updates(timeout=0)
    assert update.callback_query is not None
    assert update.callback_query.data == "y"
    await any_bot.answer_callback_query(update.callback_query.id, "Thanks", show_alert=True)
    [answer] = world.callback_answers()
    assert (answer["text"], answer["show_alert"], answer["person_id"]) == ("Thanks", True, ann)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await any_bot.answer_callback_query(update.callback_query.id, "x" * 201)
    world.jump(3600)
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
        await any_bot.answer_callback_query(update.callback_query.id)


async def test_only_real_buttons_can_be_tapped(bot: Bot, world: World, ann: int) -> None:
    """A button must be there, unless its data is forged on purpose."""
    sent = await bot.send_message(ann, "x")
    with pytest.raises(ControlError, match="no button"):
        world.tap(ann, ann, sent.id, "Yes")
    with pytest.raises(ControlError, match="no message"):
        world.tap_latest(ann, "Yes")
    world.tap(ann, ann, sent.id, data="case:99", forged=True)
    assert heard(world)[-1]["callback_query"]["data"] == "case:99"


def test_anonymous_administrators_have_no_name(world: World, desk: Desk, ann: int) -> None:
    """An anonymous administrator speaks as the group; others cannot."""
    said = world.send(desk.ben, "hello", desk.id, anonymous=True)
    assert said["from"]["username"] == "GroupAnonymousBot"
    assert said["sender_chat"]["id"] == desk.id
    world.join_group(desk.id, ann)
    with pytest.raises(ControlError, match="anonymous"):
        world.send(ann, "hello", desk.id, anonymous=True)


def test_privacy_mode_hides_what_is_not_for_the_bot(world: World, desk: Desk, ann: int) -> None:
    """A plain member in privacy mode hears commands, mentions and replies; an administrator everything."""
    world.demote(desk.id, TOKEN)
    world.send(desk.ben, "just talking", desk.id)
    assert [u for u in heard(world) if "message" in u] == []
    world.send(desk.ben, "/help", desk.id)
    world.send(desk.ben, "/help@other_bot", desk.id)
    world.send(desk.ben, "ask @care_bot", desk.id)
    assert [u["message"]["text"] for u in heard(world)] == ["/help", "ask @care_bot"]
    world.set_privacy(False)
    world.send(desk.ben, "just talking", desk.id)
    assert len(heard(world)) == 1


def test_joining_and_leaving_are_told(world: World, ben: int) -> None:
    """The bot hears that it came, was promoted and was thrown out."""
    group = world.add_group("Anywhere")["id"]
    world.join_group(group, ben, "creator")
    world.join_group(group, TOKEN)
    world.set_bot_rights(group, can_pin_messages=False)
    world.leave_group(group, TOKEN)
    changes = [u["my_chat_member"]["new_chat_member"] for u in heard(world) if "my_chat_member" in u]
    assert [change["status"] for change in changes] == ["member", "administrator", "kicked"]
    assert (changes[1]["can_pin_messages"], changes[1]["can_manage_topics"]) == (False, True)


async def test_who_is_who_in_a_group(bot: Bot, world: World, desk: Desk, ann: int) -> None:
    """Members, administrators and their number can be asked for."""
    assert (await bot.get_chat_member(desk.id, desk.ben)).status == "creator"
    assert (await bot.get_chat_member(desk.id, ann)).status == "left"
    assert {m.user.id for m in await bot.get_chat_administrators(desk.id)} == {desk.ben, world.bot().id}
    assert await bot.get_chat_member_count(desk.id) == 2
    assert (await bot.get_chat(desk.id)).is_forum


async def test_strangers_cannot_write_in_a_group(world: World, desk: Desk, ann: int) -> None:
    """Who is not in a group cannot write there."""
    with pytest.raises(ControlError, match="not in the group"):
        world.send(ann, "x", desk.id)


async def test_commands_by_scope_and_language(any_bot: Bot, world: World, desk: Desk, ann: int) -> None:
    """People see the commands of the scope that fits them best, in their language."""
    await any_bot.set_my_commands([BotCommand("start", "Begin")])
    await any_bot.set_my_commands([BotCommand("start", "开始")], AllPrivate(), "zh")
    await any_bot.set_my_commands([BotCommand("claim", "Take")], OneMember(desk.id, desk.ben))
    bea = world.add_person("Bea", language_code="zh-hans")["id"]
    assert world.commands(person_id=bea) == [{"command": "start", "description": "开始"}]
    assert world.commands(person_id=ann)[0]["description"] == "Begin"
    assert world.commands(person_id=desk.ben, chat_id=desk.id)[0]["command"] == "claim"
    assert (await any_bot.get_my_commands(AllPrivate(), "zh"))[0].description == "开始"
    await any_bot.delete_my_commands(AllPrivate(), "zh")
    assert world.commands("all_private_chats", "zh") == []
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await any_bot.set_my_commands([BotCommand("no-dash", "x")])


async def test_the_bot_can_name_itself(bot: Bot) -> None:
    """Names and descriptions are kept by language."""
    await bot.set_my_name("Kümmerer", language_code="de")
    await bot.set_my_description("Ask me", language_code="en")
    await bot.set_my_short_description("Help")
    assert (await bot.get_my_name("de")).name == "Kümmerer"
    assert (await bot.get_my_name()).name == "Care"
    assert (await bot.get_my_description("en")).description == "Ask me"
    with pytest.raises(BadRequest, match="Short description is too long"):
        await bot.set_my_short_description("x" * 121)


def test_history_is_bounded() -> None:
    """Only so many messages of a chat are remembered."""
    world = World.starting(settings=Settings(history=10))
    world.add_bot(TOKEN)
    person = world.add_person("Ann")["id"]
    for number in range(25):
        world.send(person, str(number))
    assert [m["text"] for m in world.messages(person_id=person)] == [str(n) for n in range(15, 25)]


async def test_waiting_for_a_message(bot: Bot, world: World, ann: int) -> None:
    """Who waits for words hears of the message that has them, edited ones included."""
    waiting = asyncio.create_task(world.wait_message(person_id=ann, containing="done", timeout_s=2))
    await asyncio.sleep(0)
    sent = await bot.send_message(ann, "working")
    await bot.edit_message_text("done", ann, sent.id)
    assert (await waiting)["id"] == sent.id
    with pytest.raises(TimeoutError, match="never said"):
        await world.wait_message(person_id=ann, containing="never said", timeout_s=0.02)


async def test_who_is_who_in_private(bot: Bot, world: World, ann: int, ben: int) -> None:
    """In a private chat there are two, and no administrators."""
    assert (await bot.get_chat_member(ann, ann)).status == "member"
    assert await bot.get_chat_member_count(ann) == 2
    assert (await bot.get_chat(ann)).active_usernames == ("ann_b",)
    with pytest.raises(BadRequest, match="Member not found"):
        await bot.get_chat_member(ann, ben)
    with pytest.raises(BadRequest, match="no administrators in the private chat"):
        await bot.get_chat_administrators(ann)
    with pytest.raises(BadRequest, match="private chats"):
        await bot.leave_chat(ann)


async def test_other_bots_are_listed_when_asked_for(bot: Bot, world: World, desk: Desk) -> None:
    """Administrators that are other bots stay out of the list by default."""
    other = world.add_bot("654321:OTHER", username="other_bot")["id"]
    world.join_group(desk.id, "654321:OTHER", "administrator")
    assert other not in {m.user.id for m in await bot.get_chat_administrators(desk.id)}
    assert other in {m.user.id for m in await bot.get_chat_administrators(desk.id, return_bots=True)}


async def test_the_menu_button(bot: Bot, ann: int) -> None:
    """The menu button is kept for one person and for all."""
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    await bot.set_chat_menu_button(ann, MenuButtonWebApp("Open", WebAppInfo("https://example.com")))
    assert (await bot.get_chat_menu_button(ann)).type == "web_app"
    assert (await bot.get_chat_menu_button()).type == "commands"
    with pytest.raises(BadRequest, match=r"(?i)only https links"):
        await bot.set_chat_menu_button(ann, MenuButtonWebApp("Open", WebAppInfo("http://example.com")))


def test_impossible_things_are_refused(world: World, ann: int, desk: Desk) -> None:
    """What no person could do raises instead of passing quietly."""
    for impossible in (
        lambda: world.add_bot(TOKEN),
        lambda: world.add_person("Twin", person_id=ann),
        lambda: world.add_group("x", forum=True, kind="group"),
        lambda: world.add_group("x", chat_id=5),
        lambda: world.join_group(desk.id, ann, status="king"),
        lambda: world.join_group(desk.id, ann, "administrator", {"can_fly": True}),
        lambda: world.migrate_group(desk.id),
        lambda: world.send(ann, ""),
        lambda: world.send(ann, kind="story"),
        lambda: world.send(ann, "x", colour="red"),
        lambda: world.edit(desk.ben, ann, 1, "not mine"),
        lambda: world.delete_message(ann, 999),
        lambda: world.messages(),
        lambda: world.set_deleted_topic("vanish"),
        lambda: world.repeat_update(1),
        lambda: world.bot("unknown"),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            impossible()


async def test_the_clock_is_the_worlds(bot: Bot, world: World, ann: int) -> None:
    """Messages are dated by the movable clock."""
    world.jump_to("2031-05-01T08:00:00+00:00")
    sent = await bot.send_message(ann, "x")
    assert sent.date.isoformat().startswith("2031-05-01T08:00")
    assert world.now().startswith("2031-05-01T08:00")


def test_files_can_be_given(world: World, ann: int) -> None:
    """A person's file can have its own bytes, name and type, also as base64."""
    world.send(ann, kind="document", content=b"a,b", file_name="list.csv")
    world.send(ann, kind="document", content_base64="YSxi", file_name="list.csv", mime_type="text/x-list")
    first, second = (update["message"]["document"] for update in heard(world))
    assert (first["file_size"], first["mime_type"], second["mime_type"]) == (3, "text/csv", "text/x-list")
