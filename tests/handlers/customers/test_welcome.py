"""The first screen, the menu, help, and the way out."""

import pytest

from tests.handlers.harness import Chat, Town

WELCOMES = [("en", "Welcome"), ("zh-hans", "欢迎"), ("zh-hant", "歡迎"), ("fr", "Welcome")]


@pytest.mark.parametrize(("code", "word"), WELCOMES)
async def test_the_first_screen_is_one_line_and_four_buttons(town: Town, code: str, word: str) -> None:
    """Whoever starts reads one line in their language, with four buttons, and is asked for nothing."""
    (welcome,) = await town.chat(1, "Ann", code).says("/start")
    assert word in welcome.text
    assert "\n" not in welcome.text
    assert len([label for row in welcome.keyboard for label in row]) == 4
    assert not welcome.buttons


async def test_the_deep_link_that_came_first_is_kept(town: Town, ann: Chat) -> None:
    """The first source stays, whatever link follows."""
    await ann.says("/start s-store12")
    await ann.says("/start r-ben")
    assert [row.source for row in await town.rows("customers")] == ["s-store12"]


@pytest.mark.parametrize(("payload", "kept"), [("r-abc", "r-abc"), ("'; DROP", None), ("x" * 99, None)])
async def test_any_payload_is_welcomed(town: Town, ann: Chat, payload: str, kept: str | None) -> None:
    """A referral is kept as a source; anything else is kindly ignored."""
    said = await ann.says(f"/start {payload}")
    assert any("Welcome" in one.text for one in said)
    assert [row.source for row in await town.rows("customers")] == [kept]


async def test_the_welcome_mentions_a_live_case(town: Town, ann: Chat) -> None:
    """Who comes back with an open case is told its number and time."""
    await ann.says("my coat is torn")
    await ann.taps("c:draft")
    (welcome,) = await ann.says("/start")
    assert "C-1001" in welcome.text
    assert "16:00" in welcome.text


async def test_commands_are_set_once_a_language(town: Town, ann: Chat) -> None:
    """A second start sets no commands; a chosen language does, even one left before."""
    await ann.says("/start")
    await ann.says("/start")
    assert len(await town.rows("outbox", purpose="setup")) == 1
    for code in ("zh_CN", "en", "zh_CN"):
        await ann.says("/language")
        await ann.taps(f"c:lang:{code}")
    titles = [row.body["extra"]["commands"][0][1] for row in await town.rows("outbox", purpose="setup")]
    assert titles == ["Report a problem", "反映问题", "Report a problem", "反映问题"]


@pytest.mark.parametrize("language", ["en", "zh_CN", "zh_TW"])
async def test_the_menu_is_known_in_every_language(town: Town, ann: Chat, language: str) -> None:
    """A keyboard left over from another language still works."""
    said = await ann.says(town.texts.button("menu.more", language))
    assert [data for _, data in said[-1].buttons] == [
        "c:points",
        "c:language",
        "c:linking",
        "c:birthday",
        "c:wishes",
        "c:privacy",
        "c:help",
    ]


async def test_an_unknown_command_is_answered_with_what_there_is(ann: Chat) -> None:
    """Nobody reads "invalid input"."""
    (said,) = await ann.says("/frobnicate")
    assert "/complaint" in said.text
    assert "invalid" not in said.text.lower()


async def test_words_behind_an_unknown_command_are_not_lost(town: Town, ann: Chat) -> None:
    """A command nobody knows with a wish behind it starts a draft like any words."""
    said = await ann.says("/refund I want my money back")
    assert said[-1].data("c:draft")


@pytest.mark.parametrize("opening", ["/complaint", "/feedback", "/birthday", "hello I need my coat"])
async def test_cancel_leaves_any_conversation(town: Town, ann: Chat, opening: str) -> None:
    """After /cancel nothing runs, no case was opened, and the menu is there."""
    await ann.says(opening)
    said = await ann.says("/cancel")
    assert said[-1].keyboard
    assert [row.name for row in await town.rows("dialogues")] == ["idle"]
    assert await town.rows("cases") == []
    assert "nothing to cancel" in (await ann.says("/cancel"))[-1].text


@pytest.mark.parametrize("command", ["/help", "/language", "/cases", "/privacy", "/stop"])
async def test_looking_around_does_not_end_a_complaint(town: Town, ann: Chat, command: str) -> None:
    """A complaint being told goes on after a look elsewhere."""
    await ann.says("/complaint")
    await ann.says("torn")
    assert await ann.says(command)
    (row,) = await town.rows("dialogues")
    assert (row.name, len(row.data["said"])) == ("complaint", 1)
