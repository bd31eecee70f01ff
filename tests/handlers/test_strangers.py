"""Groups that are not ours."""

from typing import Any

import pytest

from domain.outgoing import Action, TargetKind
from tests.handlers.harness import BOT_ID, BOT_USERNAME, Said, Town

GROUP = {"id": -500, "type": "supergroup", "title": "Elsewhere"}
CY = {"id": 333, "is_bot": False, "first_name": "Cy", "language_code": "zh-hant"}


async def speaks(town: Town, text: str) -> list[Said]:
    """Let Cy write in the foreign group."""
    message: dict[str, Any] = {"message_id": 5, "date": 1, "chat": GROUP, "from": CY, "text": text}
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    return await town.update(message=message)


@pytest.mark.parametrize("text", ["/start", f"/help@{BOT_USERNAME}", f"hey @{BOT_USERNAME} where is C-1001?"])
async def test_whoever_addresses_us_reads_where_to_write(town: Town, text: str) -> None:
    """One line with a link, in the speaker's language, and nothing about anybody; once a day."""
    (said,) = await speaks(town, text)
    assert said.target == (TargetKind.CHAT, -500)
    assert said.action is Action.SEND
    assert f"t.me/{BOT_USERNAME}" in said.text
    assert "私訊" in said.text
    assert "C-1001" not in said.text
    assert await speaks(town, text) == []
    town.moves(days=1)
    assert len(await speaks(town, text)) == 1
    assert await town.rows("customers") == []


@pytest.mark.parametrize("text", ["hello all", "/start@other_bot", "what a care_test"])
async def test_talk_among_others_is_not_answered(town: Town, text: str) -> None:
    """The bot does not butt in."""
    assert await speaks(town, text) == []


async def test_being_added_is_answered_once(town: Town) -> None:
    """Whoever adds the bot reads the same one line, once."""
    bot = {"id": BOT_ID, "is_bot": True, "first_name": "Care", "username": BOT_USERNAME}
    change = {
        "chat": GROUP,
        "from": CY,
        "date": 1,
        "old_chat_member": {"status": "left", "user": bot},
        "new_chat_member": {"status": "member", "user": bot},
    }
    assert len(await town.update(my_chat_member=change)) == 1
    assert await town.update(my_chat_member=change) == []
    assert await speaks(town, "/start") == []
