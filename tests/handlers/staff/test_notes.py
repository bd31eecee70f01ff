"""Notes: what stays between staff, and what is held back because it may have been meant so."""

from typing import Any

import pytest

from domain.outgoing import Action, Purpose
from tests.handlers.staff.desk import BEN, MIA, SUE, CaseView, Desk, Heard

PHOTO = [{"file_id": "P1", "file_unique_id": "u1", "width": 90, "height": 90, "file_size": 100}]
OTHER_PHOTO = [{"file_id": "P2", "file_unique_id": "u2", "width": 90, "height": 90, "file_size": 100}]


def button(heard: Heard, start: str) -> tuple[str, int]:
    """Return the data of a button under what staff were told, and the message it stands under."""
    said = next(said for said in heard.staff if any(data.startswith(start) for _, data in said.buttons))
    return said.data(start), said.message_id


@pytest.mark.parametrize(
    "text",
    ["/note he lies", "//he lies", "／／he lies", "/note@care_test_bot he lies", "//  he lies", "\u200b/note he lies"],
)
async def test_a_marked_note_stays_between_staff(desk: Desk, text: str) -> None:
    """The customer hears nothing, staff see that it is theirs, and the words are kept without the mark."""
    case = await desk.case_of()
    heard = await case.writes(BEN, text)
    assert heard.customer == []
    assert "Kept between us" in heard.told_staff
    said = await case.last_said()
    assert (said.text, said.visibility, said.direction) == ("he lies", "internal", "in")


async def test_a_caption_can_be_a_note(desk: Desk) -> None:
    """A photo that begins with the mark stays with staff too."""
    case = await desk.case_of()
    heard = await case.writes(BEN, photo=PHOTO, caption="/note the receipt")
    assert heard.customer == []
    assert (await case.last_said()).text == "the receipt"


async def test_the_note_button_asks_and_the_answer_is_a_note(desk: Desk) -> None:
    """Ben taps Note, answers the question, and nothing leaks."""
    case = await desk.case_of()
    asked = await desk.taps(BEN, f"k:note:{case.id}", case.card)
    prompt = asked.staff[0]
    assert prompt.body["force_reply"]
    heard = await case.writes(BEN, "Third time this month", reply_to=prompt.message_id)
    assert heard.customer == []
    assert (await case.last_said()).visibility == "internal"


async def test_note_without_words_asks_for_them(desk: Desk) -> None:
    """The bare command does what the button does."""
    case = await desk.case_of()
    await case.writes(BEN, "/note")
    assert await desk.town.rows("outbox", purpose=Purpose.NOTE_PROMPT.value, case_id=case.id)


@pytest.mark.parametrize(
    "text",
    [
        "note: he lies", "Note he lies", "备注：他说谎", "備註 他說謊", "笔记:x", "内部 x", "內部：x", "internal - x",
        "Internal: x", "/ note x", "/nota x", "/refund 20", "\\note x", "#note x", "!x", "！x", "＃x", "、note x",
        "【内部】x", "(note) x", "📝 note x", "\u200b!x", "*note* x",
    ],
)  # fmt: skip
async def test_what_looks_like_a_note_is_held_back(desk: Desk, text: str) -> None:
    """A slip of the mark costs one tap, never a leak."""
    case = await desk.case_of()
    heard = await case.writes(BEN, text)
    assert heard.customer == []
    assert [data.split(":")[1] for said in heard.staff for _, data in said.buttons] == ["send", "keep"]
    said = await case.last_said()
    assert (said.text, said.visibility) == (text, "internal")


async def test_an_answer_to_a_note_is_held_back(desk: Desk) -> None:
    """Sue answers Ben's note in the topic; that is talk among staff."""
    case = await desk.case_of()
    await case.writes(BEN, "//he lies")
    note = await case.last_said()
    heard = await case.writes(SUE, "I think so too", reply_to=note.message_id)
    assert heard.customer == []
    assert button(heard, "k:send")


async def test_an_answer_to_a_notice_is_held_back(desk: Desk) -> None:
    """Words under one of our own notices are about the notice."""
    case = await desk.case_of()
    notice = (await case.writes(BEN, "//x")).staff[0]
    heard = await case.writes(BEN, "right", reply_to=notice.message_id)
    assert heard.customer == []


async def test_an_answer_to_a_colleague_is_held_back_but_to_oneself_goes_out(desk: Desk) -> None:
    """Sue's word on Ben's answer is for Ben; Ben adding to his own is for Ann."""
    case = await desk.case_of()
    await case.writes(BEN, "We mend it today")
    answer = await case.last_said()
    to_ben = await case.writes(SUE, "Are you sure?", reply_to=answer.message_id)
    from_ben = await case.writes(BEN, "By six", reply_to=answer.message_id)
    assert to_ben.customer == []
    assert from_ben.told_customer == ["Ben\nBy six"]


async def test_held_words_can_be_sent_once(desk: Desk) -> None:
    """Ben sends them after all; Sue's tap a moment later does nothing and says so."""
    case = await desk.case_of()
    data, prompt = button(await case.writes(BEN, "Note that we close at six"), "k:send")
    sent = await desk.taps(BEN, data, prompt)
    assert sent.told_customer == ["Ben\nNote that we close at six"]
    assert sent.staff[-1].action is Action.EDIT
    again = await desk.taps(SUE, data, prompt)
    assert again.customer == []
    assert "sent to the customer already" in desk.popup


async def test_held_words_can_be_kept_and_then_not_be_sent(desk: Desk) -> None:
    """Once it is a note it stays one."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "note: he lies")
    await desk.taps(SUE, *button(heard, "k:keep"))
    assert (await desk.taps(BEN, *button(heard, "k:send"))).customer == []
    assert "kept as a note already" in desk.popup


async def test_a_marketer_may_not_decide_about_held_words(desk: Desk) -> None:
    """The role is asked at the tap, too."""
    case = await desk.case_of()
    heard = await desk.taps(MIA, *button(await case.writes(BEN, "#1 is yours"), "k:send"))
    assert heard.customer == []
    assert "may not work on cases" in desk.popup


async def test_a_forged_button_sends_nothing(desk: Desk) -> None:
    """Numbers of notes, of customers' words, of nothing, and no numbers at all are refused."""
    case = await desk.case_of()
    await case.writes(BEN, "//he lies")
    note = await case.last_said()
    for forged in (note.id, case.first_words, 999_999, "x", "-1", str(2**70), ""):
        heard = await desk.taps(BEN, f"k:send:{forged}")
        assert heard.customer == []
        assert "nothing to decide" in desk.popup


async def test_held_words_changed_before_the_tap_go_as_they_read_now(desk: Desk) -> None:
    """What Ben sees above the button is what Ann gets."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "!Come at fife")
    held = await case.last_said()
    await case.edits(BEN, held.message_id, "Come at five!")
    sent = await desk.taps(BEN, *button(heard, "k:send"))
    assert sent.told_customer == ["Ben\nCome at five!"]


async def album(case: CaseView, *captions: str, at_once: bool = False) -> Heard:
    """Let Ben send an album with these captions."""
    photos = (PHOTO, OTHER_PHOTO)
    parts: list[dict[str, Any]] = [
        {"media_group_id": "A", "photo": photos[nth], **({"caption": caption} if caption else {})}
        for nth, caption in enumerate(captions)
    ]
    if at_once:
        return await case.writes_at_once(BEN, *parts)
    heard = [await case.writes(BEN, **part) for part in parts]
    return Heard([s for h in heard for s in h.customer], [s for h in heard for s in h.staff], [])


async def test_a_marked_album_is_a_note_in_all_its_parts(desk: Desk) -> None:
    """The parts without a caption share the fate of the one with the mark."""
    case = await desk.case_of()
    heard = await album(case, "//his receipts", "")
    assert heard.customer == []
    assert heard.told_staff.count("Kept between us") == 1
    assert len(await case.record(visibility="internal")) == 2


async def test_a_doubtful_album_is_asked_about_once_and_sent_in_one_piece(desk: Desk) -> None:
    """One question, one tap, both pictures."""
    case = await desk.case_of()
    heard = await album(case, "note the seam", "")
    assert heard.customer == []
    asked = [said for said in heard.staff if said.buttons]
    assert len(asked) == 1
    sent = await desk.taps(BEN, asked[0].data("k:send"), asked[0].message_id)
    assert [len(said.body["extra"]["items"]) for said in sent.customer] == [2]


@pytest.mark.parametrize("caption", ["internal only", "//his receipts"])
async def test_a_mark_on_a_later_part_stops_the_whole_album(desk: Desk, caption: str) -> None:
    """The first picture was about to leave when the second turned out to be none of Ann's business."""
    case = await desk.case_of()
    heard = await album(case, "", caption, at_once=True)
    assert heard.customer == []
    sent = await desk.taps(BEN, *button(heard, "k:send"))
    assert [len(said.body["extra"]["items"]) for said in sent.customer] == [2]
