"""“I'm a customer already”, in the chat."""

from collections.abc import Awaitable, Callable

import pytest

from domain.people import SYSTEM
from handlers.customers.keyboards import MENU
from services import records
from services.linking import make_link_code
from tests.handlers.harness import Chat, Said, Town

PHONE = "+8613800138000"


async def known(town: Town, name: str = "Ann Lee", phone: str = PHONE) -> int:
    """Return a record the shop had before anybody wrote."""
    async with town.work() as work:
        made = await records.create_customer(work, by=SYSTEM, name=name, phone=phone)
        assert isinstance(made, int)
        return made


async def code_for(town: Town, customer_id: int) -> str:
    """Return a code that staff made."""
    async with town.work() as work:
        code = await make_link_code(work, customer_id, by=SYSTEM)
        assert isinstance(code, str)
        return code


async def shares(chat: Chat, *, owner: int | None = None, phone: str = "8613800138000") -> list[Said]:
    """Send a contact; by the button it is one's own."""
    contact = {"phone_number": phone, "first_name": "Ann", "user_id": owner or chat.id}
    return await chat.sends(contact=contact)


async def owner_of(town: Town, chat: Chat) -> int:
    """Return whose chat it is."""
    (row,) = await town.rows("contact_points", chat_id=chat.id)
    return int(row.customer_id)


def has_menu(said: Said) -> bool:
    """Return whether the words bring back the keyboard that is always there."""
    return len(said.keyboard) == len(MENU)


async def test_ann_finds_her_record_by_her_number(town: Town, ann: Chat) -> None:
    """Asked from the menu, shared by the button, confirmed by an initial alone."""
    record = await known(town)
    await ann.says("☰ More")
    (asked,) = await ann.taps("c:linking")
    assert asked.keyboard[0] == ("contact:📱 Share my number",)
    (which,) = await shares(ann)
    assert "<b>A</b>" in which.html
    assert "Lee" not in which.text
    (done,) = await ann.taps("c:link")
    assert "Ann Lee" in done.text
    assert has_menu(done)
    assert await owner_of(town, ann) == record


async def test_a_yes_in_words_is_enough(town: Town, ann: Chat) -> None:
    """Nobody must find the button."""
    record = await known(town)
    await ann.says("/link")
    await shares(ann)
    await ann.says("yes")
    assert await owner_of(town, ann) == record


async def test_no_leaves_it_to_staff(town: Town, ann: Chat) -> None:
    """A stranger's record stays a stranger's; staff hear of both."""
    await town.opens_desk()
    await known(town, "Bob Lee")
    await ann.says("/link")
    await shares(ann)
    own = await owner_of(town, ann)
    (done,) = await ann.taps(f"c:link:{(await town.rows('dialogues'))[0].data['key']}:no")
    assert "colleague" in done.text
    assert await owner_of(town, ann) == own
    notices = [row.body["content"]["text"] for row in await town.rows("outbox", target_kind="staff_group")]
    assert len(notices) == 1
    assert "Bob Lee" in notices[0]


async def test_a_family_chooses_by_initial(town: Town, ann: Chat) -> None:
    """Two initials, and none of these; nothing else of either."""
    await known(town, "Ann Lee")
    bob = await known(town, "Bob Lee")
    await ann.says("/link")
    (which,) = await shares(ann)
    assert [words for words, _ in which.buttons] == ["A…", "B…", "None of these"]
    await ann.taps(which.buttons[1][1])
    assert await owner_of(town, ann) == bob


async def test_somebody_elses_contact_is_refused(town: Town, cy: Chat) -> None:
    """Cy sends Ann's contact: a kind word, and he may still share his own."""
    await known(town)
    await cy.says("/link")
    (said,) = await shares(cy, owner=111)
    assert "somebody else" in said.text
    (said,) = await shares(cy, phone="886912345678")
    assert "noted" in said.text
    assert has_menu(said)


async def test_a_forwarded_contact_proves_nothing(town: Town, ann: Chat) -> None:
    """Even a contact with Ann's own id, when it came from elsewhere: a kind word, and the button is still there."""
    await known(town)
    await ann.says("/link")
    contact = {"phone_number": PHONE, "first_name": "Ann", "user_id": ann.id}
    origin = {"type": "user", "date": 1, "sender_user": {"id": 222, "is_bot": False, "first_name": "Bob"}}
    (said,) = await ann.sends(contact=contact, forward_origin=origin)
    assert "forwarded" in said.text
    assert [row.phone for row in await town.rows("customers", name="Ann")] == [None]
    (which,) = await shares(ann)
    assert "<b>A</b>" in which.html


async def test_a_typed_number_never_links(town: Town, cy: Chat) -> None:
    """Anybody could write it."""
    await known(town)
    await cy.says("/link")
    (said,) = await cy.says("138 0013 8000")
    assert "typed number" in said.text
    assert [row.phone for row in await town.rows("customers", name="Cy")] == [None]


async def test_other_words_are_for_a_person(town: Town, ann: Chat) -> None:
    """A problem told in the middle is a draft, as always."""
    await ann.says("/link")
    (said,) = await ann.says("my coat has a hole")
    assert said.data("c:draft")


@pytest.mark.parametrize("way", ["/start l-{}", "/link {}", "{}"])
async def test_a_code_works_from_the_link_and_typed(town: Town, ann: Chat, way: str) -> None:
    """Once; and it never stands as where she came from."""
    record = await known(town)
    code = await code_for(town, record)
    if way == "{}":
        await ann.says("/link")
    (said,) = await ann.says(way.format(code))
    assert "Ann Lee" in said.text
    assert has_menu(said)
    assert await owner_of(town, ann) == record
    assert not [row for row in await town.rows("customers") if row.source]


@pytest.mark.parametrize("code", ["l-2222222222222222", "l-", "l-<b>x</b>"])
async def test_a_bad_link_says_how_to_go_on(town: Town, cy: Chat, code: str) -> None:
    """Unknown codes get one answer, with the menu; nothing is linked."""
    (said,) = await cy.says(f"/start {code}")
    assert "no longer valid" in said.text
    assert has_menu(said)


async def test_forged_and_late_taps_change_nothing(town: Town, ann: Chat, cy: Chat) -> None:
    """A tap from outside the conversation, of another's key, or beyond the list is stale."""
    await known(town)
    await cy.says("hello")
    own = await owner_of(town, cy)
    await ann.says("/link")
    await shares(ann)
    key = (await town.rows("dialogues", name="link"))[0].data["key"]
    tries: list[Callable[[], Awaitable[list[Said]]]] = [
        lambda: cy.taps(f"c:link:{key}:0"),
        lambda: cy.taps("c:link:0:0"),
        lambda: ann.taps(f"c:link:{key}:7"),
        lambda: ann.taps(f"c:link:{key}:-1"),
    ]
    for attempt in tries:
        assert await attempt() == []
    assert await owner_of(town, cy) == own


async def test_the_chat_goes_on_in_its_language(town: Town) -> None:
    """The record was made in English; who links it speaks Chinese and is answered so."""
    record = await known(town, "王小雯")
    wen = town.chat(222, "Wen", language_code="zh-hant")
    await wen.says("/link")
    (which,) = await shares(wen)
    assert "「小」" in which.text
    (done,) = await wen.taps("c:link")
    assert "王小雯" in done.text
    (row,) = await town.rows("customers", id=record)
    assert row.language == "zh_TW"
