"""Edits, deletions, pins and reactions by the bot."""

import json

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, ReplyKeyboardMarkup
from telegram.error import BadRequest

from simulator import World
from simulator.api import BotApi
from tests.simulator.conftest import TOKEN, Desk

BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("Ok", callback_data="ok")]])
DAY_S = 86_400


async def test_an_edit_replaces_text_and_keyboard(any_bot: Bot, world: World, ann: int) -> None:
    """An edit without a keyboard takes the keyboard away."""
    sent = await any_bot.send_message(ann, "one", reply_markup=BUTTON)
    await any_bot.edit_message_text("two", ann, sent.id)
    seen = world.messages(person_id=ann)[-1]
    assert (seen["text"], seen["edited"], seen["buttons"]) == ("two", True, [])


async def test_the_same_again_is_not_modified(any_bot: Bot, ann: int) -> None:
    """An edit that changes nothing is refused."""
    sent = await any_bot.send_message(ann, "<b>one</b>", parse_mode="HTML", reply_markup=BUTTON)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await any_bot.edit_message_text("<b>one</b>", ann, sent.id, parse_mode="HTML", reply_markup=BUTTON)
    await any_bot.edit_message_text("one", ann, sent.id, reply_markup=BUTTON)


async def test_keyboards_captions_and_pictures_can_change(bot: Bot, world: World, ann: int) -> None:
    """Each part of a message has its own edit."""
    sent = await bot.send_photo(ann, b"1", caption="one")
    await bot.edit_message_reply_markup(ann, sent.id, reply_markup=BUTTON)
    await bot.edit_message_caption(ann, sent.id, caption="two")
    await bot.edit_message_media(InputMediaPhoto(b"2", caption="three"), ann, sent.id)
    seen = world.messages(person_id=ann)[-1]
    assert (seen["caption"], seen["file_id"] != sent.photo[-1].file_id) == ("three", True)


async def test_what_cannot_be_edited(bot: Bot, world: World, ann: int) -> None:
    """Missing messages, other people's, those under a reply keyboard and old ones cannot be edited."""
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", ann, 999)
    theirs = world.send(ann, "hello")["message_id"]
    under = await bot.send_message(ann, "x", reply_markup=ReplyKeyboardMarkup([["a"]]))
    old = await bot.send_message(ann, "x")
    world.jump(2 * DAY_S + 1)
    for message_id in (theirs, under.id, old.id):
        with pytest.raises(BadRequest, match="Message can't be edited"):
            await bot.edit_message_text("y", ann, message_id)


async def test_edits_take_inline_keyboards_only(bot: Bot, ann: int) -> None:
    """A reply keyboard cannot come with an edit."""
    sent = await bot.send_message(ann, "x")
    with pytest.raises(BadRequest, match="Inline keyboard expected"):
        await bot.edit_message_text("y", ann, sent.id, reply_markup=ReplyKeyboardMarkup([["a"]]))  # type: ignore[arg-type]  # the point


async def test_texts_and_captions_are_different_edits(bot: Bot, ann: int) -> None:
    """A picture has no text to edit, a text no caption."""
    picture, text = await bot.send_photo(ann, b"1"), await bot.send_message(ann, "x")
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("y", ann, picture.id)
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(ann, text.id, caption="y")


async def test_deleting(any_bot: Bot, world: World, ann: int) -> None:
    """A deleted message is gone, and cannot be deleted twice."""
    sent = await any_bot.send_message(ann, "x")
    await any_bot.delete_message(ann, sent.id)
    assert sent.id not in [message["id"] for message in world.messages(person_id=ann)]
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await any_bot.delete_message(ann, sent.id)


async def test_deleting_old_or_others_messages(bot: Bot, world: World, ann: int, desk: Desk) -> None:
    """In private chats two days are the limit; in groups it is a right."""
    old = await bot.send_message(ann, "x")
    world.jump(2 * DAY_S + 1)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(ann, old.id)
    theirs = world.send(desk.ben, "hello", desk.id)["message_id"]
    world.set_bot_rights(desk.id, can_delete_messages=False)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(desk.id, theirs)
    world.set_bot_rights(desk.id, can_delete_messages=True)
    await bot.delete_messages(desk.id, [theirs, 999])


async def test_pinning(bot: Bot, world: World, desk: Desk) -> None:
    """Pinning is a right, shows in the chat, and is told by a service message."""
    sent = await bot.send_message(desk.id, "rules")
    await bot.pin_chat_message(desk.id, sent.id)
    assert world.messages(desk.id)[-1]["kind"] == "service"
    assert (await bot.get_chat(desk.id)).pinned_message is not None
    await bot.unpin_chat_message(desk.id, sent.id)
    with pytest.raises(BadRequest, match="Message to unpin not found"):
        await bot.unpin_chat_message(desk.id, sent.id)
    world.set_bot_rights(desk.id, can_pin_messages=False)
    with pytest.raises(BadRequest, match="Not enough rights to manage pinned messages in the chat"):
        await bot.pin_chat_message(desk.id, sent.id)


async def test_reacting(bot: Bot, world: World, ann: int) -> None:
    """A bot can react to a message once."""
    said = world.send(ann, "hello")["message_id"]
    await bot.set_message_reaction(ann, said, "👍")
    assert list(world.messages(person_id=ann)[-1]["reactions"].values()) == [["👍"]]
    with pytest.raises(BadRequest, match="Reactions_too_many"):
        await bot.set_message_reaction(ann, said, ["👍", "👎"])


async def test_edits_name_their_message(world: World) -> None:
    """An edit without chat or message, or of an inline message, is refused."""
    for params, words in (
        ({}, "chat_id is empty"),
        ({"chat_id": 1}, "message identifier is not specified"),
        ({"inline_message_id": "x"}, "MESSAGE_ID_INVALID"),
    ):
        answer = await BotApi(world).call(TOKEN, "editMessageText", {"text": "x", **params})
        assert json.loads(answer.body)["description"] == f"Bad Request: {words}"


async def test_reactions_are_objects(world: World, ann: int) -> None:
    """A bare emoji is no reaction, nor can a bot pay for one."""
    for reaction, words in (("👍", "expected an Object"), ({"type": "paid"}, "REACTION_INVALID")):
        params = {"chat_id": ann, "message_id": 1, "reaction": [reaction]}
        answer = await BotApi(world).call(TOKEN, "setMessageReaction", params)
        assert words in json.loads(answer.body)["description"]


async def test_unpinning_everything(bot: Bot, world: World, desk: Desk) -> None:
    """All pins go at once."""
    for word in ("a", "b"):
        await bot.pin_chat_message(desk.id, (await bot.send_message(desk.id, word)).id)
    await bot.unpin_all_chat_messages(desk.id)
    assert not any(message["pinned"] for message in world.messages(desk.id))
