"""What a bot sends, and what Telegram refuses, at both doors."""

import json
from typing import Any

import pytest
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    WebAppInfo,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError

from simulator import SimulatorRequest, World
from simulator.api import BotApi
from tests.simulator.conftest import TOKEN, Desk


def inline(text: str = "Ok", **action: Any) -> InlineKeyboardMarkup:
    """A keyboard of one button."""
    return InlineKeyboardMarkup([[InlineKeyboardButton(text, **(action or {"callback_data": "ok"}))]])


async def test_a_text_arrives(any_bot: Bot, world: World, ann: int) -> None:
    """What the bot says stands in the chat, with its formatting and buttons."""
    sent = await any_bot.send_message(ann, "<b>Hello</b> 你好", parse_mode="HTML", reply_markup=inline())
    seen = world.messages(person_id=ann)[-1]
    assert (seen["id"], seen["text"], seen["from_bot"]) == (sent.id, "Hello 你好", True)
    assert seen["entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    assert seen["buttons"] == [[{"text": "Ok", "data": "ok", "url": None}]]
    assert sent.reply_markup == inline()


@pytest.mark.parametrize("kind", ["photo", "video", "audio", "voice", "video_note", "animation", "document", "sticker"])
async def test_files_arrive_and_can_be_fetched(any_bot: Bot, world: World, ann: int, kind: str) -> None:
    """Each kind of file arrives, can be downloaded byte for byte, and sent again by its id."""
    send = getattr(any_bot, f"send_{kind}")
    sent = await send(ann, b"some bytes")
    held = sent.photo[-1] if kind == "photo" else getattr(sent, kind)
    got = await any_bot.get_file(held.file_id)
    assert bytes(await got.download_as_bytearray()) == b"some bytes"
    again = await send(ann, held.file_id)
    assert [m["kind"] for m in world.messages(person_id=ann)[-2:]] == [kind, kind]
    assert (again.photo[-1] if kind == "photo" else getattr(again, kind)).file_unique_id == held.file_unique_id


async def test_an_album_is_one_group(any_bot: Bot, world: World, ann: int) -> None:
    """An album's messages share their group; the caption belongs to its picture."""
    await any_bot.send_media_group(
        ann, [InputMediaPhoto(b"1", caption="<i>one</i>", parse_mode="HTML"), InputMediaPhoto(b"2")]
    )
    first, second = world.messages(person_id=ann)[-2:]
    assert first["media_group_id"] == second["media_group_id"]
    assert (first["caption"], second["caption"]) == ("one", None)


async def test_albums_are_two_to_ten_and_of_one_sort(bot: Bot, ann: int) -> None:
    """One file is no album, and documents do not mix with pictures."""
    with pytest.raises(BadRequest):
        await bot.send_media_group(ann, [InputMediaPhoto(b"1")])
    with pytest.raises(BadRequest, match="Can't use the media of the specified type in the album"):
        await bot.send_media_group(ann, [InputMediaPhoto(b"1"), InputMediaDocument(b"2")])


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (" \n ", None, "Message text is empty"),
        ("<b></b>", "HTML", "Message text is empty"),
        ("x" * 4097, None, "Message is too long"),
        ("😀" * 2049, None, "Message is too long"),
        ("<p>x</p>", "HTML", 'Can\'t parse entities: unsupported start tag "p" at byte offset 0'),
    ],
)
async def test_bad_texts_are_refused(any_bot: Bot, ann: int, text: str, mode: str | None, words: str) -> None:
    """Empty, too long and unreadable texts are refused in Telegram's words."""
    with pytest.raises(BadRequest) as caught:
        await any_bot.send_message(ann, text, parse_mode=mode)
    assert caught.value.message.lower() == words.lower()


async def test_length_is_counted_after_parsing(bot: Bot, ann: int) -> None:
    """Tags do not count; 4096 visible units are allowed."""
    sent = await bot.send_message(ann, "<b>" + "x" * 4096 + "</b>", parse_mode="HTML")
    assert sent.text == "x" * 4096


async def test_captions_end_at_1024(bot: Bot, ann: int) -> None:
    """A caption of 1024 is sent, one of 1025 is not."""
    await bot.send_photo(ann, b"x", caption="x" * 1024)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(ann, b"x", caption="x" * 1025)


@pytest.mark.parametrize("data", ["é" * 33, "x" * 65])
async def test_button_data_has_at_most_64_bytes(bot: Bot, ann: int, data: str) -> None:
    """Bytes count, not letters."""
    with pytest.raises(BadRequest, match="Button_data_invalid"):
        await bot.send_message(ann, "x", reply_markup=inline(callback_data=data))
    await bot.send_message(ann, "x", reply_markup=inline(callback_data=data[:32]))


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "x"}, "Text buttons are unallowed"),
        ({"text": " ", "callback_data": "x"}, "must be non-empty"),
        ({"text": "x", "url": "no link"}, "Wrong HTTP URL"),
        ({"text": "x", "callback_data": "x", "url": "https://example.com"}, "only one action"),
        ({"text": "x", "colour": "red"}, 'has no field "colour"'),
        ({"callback_data": "x"}, 'field "text"'),
    ],
)
async def test_bad_buttons_are_refused(bot: Bot, ann: int, button: dict[str, str], words: str) -> None:
    """A button has a text and exactly one action that exists."""
    with pytest.raises(BadRequest) as caught:
        await bot.send_message(ann, "x", api_kwargs={"reply_markup": {"inline_keyboard": [[button]]}})
    assert words.lower() in caught.value.message.lower()


async def test_reply_keyboards_are_seen(any_bot: Bot, world: World, ann: int) -> None:
    """People see a reply keyboard's rows, and that it was taken away."""
    rows: list[list[KeyboardButton | str]] = [
        [KeyboardButton("Menu"), KeyboardButton("My number", request_contact=True)],
        ["Help"],
    ]
    await any_bot.send_message(ann, "x", reply_markup=ReplyKeyboardMarkup(rows, resize_keyboard=True))
    await any_bot.send_message(ann, "x", reply_markup=ReplyKeyboardRemove())
    await any_bot.send_message(ann, "x", reply_markup=ForceReply(selective=True))
    assert [m["reply_keyboard"] for m in world.messages(person_id=ann)[-3:]] == [
        [["Menu", "My number"], ["Help"]],
        [],
        [],
    ]


async def test_contacts_are_asked_for_in_private_only(bot: Bot, desk: Desk) -> None:
    """A group's keyboard cannot ask for a phone number."""
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Number", request_contact=True)]])
    with pytest.raises(BadRequest, match="Phone number can be requested in private chats only"):
        await bot.send_message(desk.id, "x", reply_markup=keyboard)


async def test_unknown_people_are_not_found(any_bot: Bot) -> None:
    """A chat that the bot never saw is not found."""
    with pytest.raises(BadRequest, match="Chat not found"):
        await any_bot.send_message(999, "x")


async def test_a_bot_cannot_write_first(bot: Bot, world: World, desk: Desk) -> None:
    """Somebody known from a group who never started the bot cannot be written to."""
    world.send(desk.ben, "hi", desk.id)
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(desk.ben, "x")


async def test_blocking_is_told_and_felt(any_bot: Bot, world: World, ann: int) -> None:
    """A block refuses messages until it is lifted."""
    world.block(ann)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await any_bot.send_message(ann, "x")
    world.unblock(ann)
    await any_bot.send_message(ann, "x")


async def test_a_deleted_account_is_deactivated(bot: Bot, world: World, ann: int) -> None:
    """A deleted account cannot be written to."""
    world.deactivate(ann)
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(ann, "x")


async def test_replies_point_at_their_message(any_bot: Bot, world: World, ann: int) -> None:
    """A reply shows its message; a missing one is refused unless that is allowed."""
    said = world.send(ann, "question")["message_id"]
    sent = await any_bot.send_message(ann, "answer", reply_parameters=ReplyParameters(said))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "question"
    assert world.messages(person_id=ann)[-1]["reply_to"] == said
    quoting = await any_bot.send_message(ann, "answer", reply_parameters=ReplyParameters(said, quote="est"))
    assert quoting.quote is not None
    assert (quoting.quote.text, quoting.quote.position) == ("est", 2)
    with pytest.raises(BadRequest, match="Quote_text_invalid"):
        await any_bot.send_message(ann, "answer", reply_parameters=ReplyParameters(said, quote="not said"))
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await any_bot.send_message(ann, "answer", reply_to_message_id=999)
    await any_bot.send_message(ann, "answer", reply_to_message_id=999, allow_sending_without_reply=True)


async def test_wrong_file_ids_are_refused(bot: Bot, ann: int) -> None:
    """An id that was never given, or of another kind, cannot be sent."""
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_photo(ann, "AgACnonsense")
    document = (await bot.send_document(ann, b"x")).document
    assert document is not None
    with pytest.raises(BadRequest, match="Can't use file of type document as photo"):
        await bot.send_photo(ann, document.file_id)
    with pytest.raises(BadRequest, match="Wrong file_id or the file is temporarily unavailable"):
        await bot.get_file("nonsense")


async def test_more_than_20_mb_cannot_be_fetched(bot: Bot, world: World, ann: int) -> None:
    """Big files arrive as a reference only."""
    said = world.send(ann, kind="document", file_size=21_000_000, file_name="big.zip")
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(said["document"]["file_id"])


async def test_downloads_are_as_long_as_announced(any_bot: Bot, world: World, ann: int) -> None:
    """A made-up file has exactly the size it claims, and a picture begins like one."""
    said = world.send(ann, kind="photo", file_size=5000)
    got = await any_bot.get_file(said["photo"][-1]["file_id"])
    content = bytes(await got.download_as_bytearray())
    assert (len(content), content[:3]) == (5000, b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"colour": "red"}, 'method sendMessage has no parameter "colour"'),
        ({"disable_notification": "perhaps"}, 'parameter "disable_notification" must be a boolean'),
        ({"message_thread_id": "one"}, 'parameter "message_thread_id" must be an integer'),
        ({"reply_markup": []}, "object expected as reply markup"),
        ({"reply_markup": "{"}, "can't parse reply_markup JSON object"),
        ({"reply_parameters": {}}, 'field "message_id" of ReplyParameters is missing'),
    ],
)
async def test_parameters_are_checked(any_bot: Bot, ann: int, params: dict[str, Any], words: str) -> None:
    """Unknown names and wrong types are refused, naming the parameter."""
    with pytest.raises(BadRequest) as caught:
        await any_bot.send_message(ann, "x", api_kwargs=params)
    assert words.lower() in caught.value.message.lower()


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendMessage", {"chat_id": 1}, "message text is empty"),
        ("sendMessage", {"chat_id": 1, "text": 5}, 'parameter "text" must be a string'),
        ("sendPhoto", {"chat_id": 1}, "there is no photo in the request"),
        ("sendContact", {"chat_id": 1, "phone_number": "+1"}, 'parameter "first_name" is required'),
        ("sendMessage", {"chat_id": True, "text": "x"}, 'parameter "chat_id" must be an integer'),
    ],
)
async def test_missing_parameters_are_named(world: World, method: str, params: dict[str, Any], words: str) -> None:
    """A call without its chat, text or file says so; numbers are no texts, truth values no numbers."""
    answer = await BotApi(world).call(TOKEN, method, params)
    assert json.loads(answer.body)["description"] == f"Bad Request: {words}"


async def test_unknown_methods_and_tokens(bot: Bot, world: World) -> None:
    """A method nobody knows, one that is not simulated, a wrong and a malformed token differ."""
    request = SimulatorRequest(world)
    for token, method, words in (
        (bot.token, "sendMoney", "Not Found: method not found"),
        (bot.token, "sendInvoice", "Not Found: method sendInvoice is not simulated"),
        ("123456:wrong", "getMe", "Unauthorized"),
        ("nonsense", "getMe", "Not Found"),
    ):
        with pytest.raises(InvalidToken) as caught:
            await request.post(f"https://api.telegram.org/bot{token}/{method}")
        assert caught.value.message == words


async def test_uploads_end_at_50_mb(bot: Bot, ann: int) -> None:
    """More than 50 MB cannot be sent."""
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(ann, b"x" * (50 * 1024 * 1024 + 1))


async def test_copies_and_forwards(any_bot: Bot, world: World, ann: int, desk: Desk) -> None:
    """A copy is the bot's own, a forward shows where it comes from."""
    said = world.send(ann, kind="photo", caption="look")["message_id"]
    copied = await any_bot.copy_message(desk.id, ann, said, caption="new words")
    forwarded = await any_bot.forward_message(desk.id, ann, said)
    copy, forward = world.messages(desk.id)[-2:]
    assert (copy["id"], copy["caption"], copy["forwarded"]) == (copied.message_id, "new words", False)
    assert (forward["id"], forward["caption"], forward["forwarded"]) == (forwarded.id, "look", True)
    assert (await any_bot.copy_messages(desk.id, ann, [said])) != ()
    with pytest.raises(BadRequest, match="Message to copy not found"):
        await any_bot.copy_message(desk.id, ann, 999)
    with pytest.raises(BadRequest, match="Message to forward not found"):
        await any_bot.forward_message(desk.id, ann, 999)


async def test_protected_content_stays_where_it_is(bot: Bot, ann: int, desk: Desk) -> None:
    """What was sent protected cannot be forwarded."""
    sent = await bot.send_message(ann, "only for you", protect_content=True)
    assert sent.has_protected_content
    with pytest.raises(BadRequest, match="Message can't be forwarded"):
        await bot.forward_message(desk.id, ann, sent.id)


async def test_a_migrated_group_names_its_successor(any_bot: Bot, world: World, ben: int) -> None:
    """A basic group's old id answers with the new one."""
    group = world.add_group("Small", kind="group")["id"]
    world.join_group(group, ben, "creator")
    world.join_group(group, any_bot.token)
    new = world.migrate_group(group)
    with pytest.raises(ChatMigrated) as caught:
        await any_bot.send_message(group, "x")
    assert caught.value.new_chat_id == new
    await any_bot.send_message(new, "x")


async def test_groups_that_are_closed_to_the_bot(bot: Bot, world: World, desk: Desk) -> None:
    """Never there, left and thrown out are three different refusals."""
    other = world.add_group("Other")["id"]
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(other, "x")
    world.leave_group(desk.id, bot.token)
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(desk.id, "x")
    world.join_group(other, bot.token)
    await bot.leave_chat(other)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(other, "x")


async def test_an_album_is_copied_in_one_piece(bot: Bot, world: World, ann: int, desk: Desk) -> None:
    """Copying or forwarding an album makes a new album; captions can be left out."""
    album = [message["id"] for message in world.send_album(ann, [{"caption": "look"}, {"kind": "video"}])]
    await bot.copy_messages(desk.id, ann, album, remove_caption=True)
    await bot.forward_messages(desk.id, ann, album)
    *_, first, second, third, fourth = world.messages(desk.id)
    assert first["media_group_id"] == second["media_group_id"] != third["media_group_id"]
    assert (first["caption"], third["caption"], fourth["forwarded"]) == (None, "look", True)
    with pytest.raises(BadRequest, match="There are no messages to copy"):
        await bot.copy_messages(desk.id, ann, [998, 999])
    with pytest.raises(BadRequest, match="strictly increasing order"):
        await bot.copy_messages(desk.id, ann, album[::-1])


async def test_a_copy_keeps_its_buttons(bot: Bot, world: World, ann: int, desk: Desk) -> None:
    """A copied message brings its inline keyboard."""
    sent = await bot.send_message(ann, "x", reply_markup=inline())
    await bot.copy_message(desk.id, ann, sent.id)
    assert world.messages(desk.id)[-1]["buttons"][0][0]["text"] == "Ok"


async def test_a_forward_of_a_forward_keeps_the_first_origin(bot: Bot, world: World, ann: int, desk: Desk) -> None:
    """The first author stays named, and an anonymous one stays the group."""
    said = world.send(ann, "x", forward_from=desk.ben)["id"]
    anonymous = world.send(desk.ben, "y", desk.id, anonymous=True)["id"]
    one, two = await bot.forward_message(desk.id, ann, said), await bot.forward_message(ann, desk.id, anonymous)
    assert one.forward_origin is not None
    assert one.forward_origin.to_dict()["sender_user"]["id"] == desk.ben
    assert two.forward_origin is not None
    assert two.forward_origin.to_dict()["sender_chat"]["id"] == desk.id


async def test_places_contacts_dice_and_actions(bot: Bot, world: World, ann: int) -> None:
    """The small kinds arrive; what cannot be is refused."""
    await bot.send_location(ann, 52.1, 4.5, live_period=60)
    await bot.send_venue(ann, 52.1, 4.5, "Shop", "1 Main Street")
    await bot.send_contact(ann, "+1", "Shop")
    await bot.send_dice(ann, emoji="🎯")
    assert [m["kind"] for m in world.messages(person_id=ann)[-4:]] == ["location", "venue", "contact", "dice"]
    assert await bot.send_chat_action(ann, "typing")
    for refused in (
        bot.send_location(ann, 91, 0),
        bot.send_dice(ann, emoji="x"),
        bot.send_chat_action(ann, "sing"),
    ):
        with pytest.raises(BadRequest):
            await refused


async def test_people_can_be_mentioned_by_number(bot: Bot, world: World, ann: int) -> None:
    """A link to an account becomes a mention if the account is known, else plain text."""
    words = f'<a href="tg://user?id={ann}">Ann</a> <a href="tg://user?id=999">Nobody</a>'
    sent = await bot.send_message(ann, words, parse_mode="HTML")
    assert [(e.type, e.user.id if e.user else None) for e in sent.entities] == [("text_mention", ann)]
    sent = await bot.send_message(ann, f"[Ann](tg://user?id={ann})", parse_mode="MarkdownV2")
    assert sent.entities[0].type == "text_mention"


async def test_keyboards_have_bounds(bot: Bot, ann: int, desk: Desk) -> None:
    """At most a hundred buttons; web apps by HTTPS and in private; reply keyboards are not empty."""
    row = [InlineKeyboardButton("x", callback_data="x")]
    app, plain = WebAppInfo("https://example.com"), WebAppInfo("http://example.com")
    await bot.send_message(ann, "x", reply_markup=inline(web_app=app))
    for chat, markup in (
        (ann, InlineKeyboardMarkup([row] * 101)),
        (ann, inline(web_app=plain)),
        (desk.id, inline(web_app=app)),
        (ann, ReplyKeyboardMarkup([[]])),
        (ann, ReplyKeyboardMarkup([[" "]])),
    ):
        with pytest.raises(BadRequest):
            await bot.send_message(chat, "x", reply_markup=markup)


async def test_bots_do_not_talk_to_bots(bot: Bot, world: World) -> None:
    """Another bot cannot be written to."""
    other = world.add_bot("654321:OTHER", username="other_bot")["id"]
    with pytest.raises(Forbidden, match="bots can't send messages to bots"):
        await bot.send_message(other, "x")
