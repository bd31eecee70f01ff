"""Tasks, promises, calls and visits in the hands of staff: by command, by button, by an answer to a question."""

from typing import Any

import pytest

from domain.outgoing import TargetKind
from tests.handlers.harness import Said
from tests.handlers.staff.desk import BEN, MIA, SUE, CaseView, Desk, Heard


def shown(heard: Heard) -> Said:
    """Return what staff were shown with buttons last."""
    return [one for one in heard.staff if one.buttons and one.target[0] is not TargetKind.CARD][-1]


async def tasks(desk: Desk) -> list[Any]:
    """Return all tasks."""
    return await desk.town.rows("tasks")


async def answers(view: CaseView, user_id: int, asked: Heard, words: str) -> Heard:
    """Let somebody answer the question put to them."""
    prompt = next(one for one in asked.staff if one.body.get("force_reply"))
    return await view.writes(user_id, words, reply_to=prompt.message_id)


@pytest.mark.parametrize(
    ("words", "due", "text"),
    [
        ("/promise Fri 15:00 ring about the coat", "2026-03-06 15:00", "ring about the coat"),
        ("/promise 周五 15点 打电话说大衣的事", "2026-03-06 15:00", "打电话说大衣的事"),
        ("/promise 明天下午三點半 回電", "2026-03-05 15:30", "回電"),
    ],
)
async def test_a_promise_is_read_as_it_is_written(desk: Desk, words: str, due: str, text: str) -> None:
    """Ben writes when and what in his own language; the promise is a dated task of his, and of nobody else's eyes."""
    view = await desk.case_of()
    heard = await view.writes(BEN, words)
    [task] = await tasks(desk)
    assert (task.kind, f"{task.due_at:%Y-%m-%d %H:%M}", task.text) == ("promise", due, text)
    assert not heard.customer
    tell = shown(heard).data("k:ttell")
    told = await desk.taps(BEN, tell)
    assert "Ben" in told.told_customer[0]
    assert text not in told.told_customer[0]


async def test_an_unclear_time_is_asked_for_and_the_words_are_not_lost(desk: Desk) -> None:
    """“ring about the coat” says no time: it is put down for tomorrow, and buttons move it."""
    view = await desk.case_of()
    heard = await view.writes(BEN, "/promise ring about the coat")
    [task] = await tasks(desk)
    assert (task.text, task.due_at.day) == ("ring about the coat", 5)
    assert "can't tell for when" in heard.told_staff
    await desk.taps(BEN, next(data for _, data in shown(heard).buttons if data.endswith(":monday")))
    [task] = await tasks(desk)
    assert f"{task.due_at:%a}" == "Mon"
    asked = await desk.taps(BEN, next(data for _, data in shown(heard).buttons if data.endswith(":own")))
    await answers(view, BEN, asked, "3pm on Sat")
    [task] = await tasks(desk)
    assert f"{task.due_at:%a %H:%M}" == "Sat 15:00"


async def test_a_promise_by_button_is_asked_for_in_words(desk: Desk) -> None:
    """The button alone asks for when and what, of who pressed it."""
    view = await desk.case_of()
    asked = await desk.taps(BEN, f"k:promise:{view.id}")
    await answers(view, BEN, asked, "tomorrow 10:00 send a photo")
    [task] = await tasks(desk)
    assert task.text == "send a photo"


async def test_a_visit_is_planned_shown_by_owner_and_done_with_an_outcome(desk: Desk) -> None:
    """Ben plans a visit, sees it in the week, and cannot tick it off without a word about it."""
    view = await desk.case_of()
    heard = await view.writes(BEN, "/visit Fri 15:00 measure the suit")
    plan = await view.writes(SUE, "/visits")
    assert "Ben" in plan.told_staff
    assert "measure the suit" in plan.told_staff
    asked = await desk.taps(BEN, shown(heard).data("k:tdone"))
    refused = await answers(view, BEN, asked, "ok")
    assert "what came of it" in refused.told_staff
    asked = await desk.taps(BEN, shown(heard).data("k:tdone"))
    await answers(view, BEN, asked, "measured, fits well")
    [task] = await tasks(desk)
    assert task.outcome == "measured, fits well"
    after = await view.writes(SUE, "/visits")
    assert "measured, fits well" in after.told_staff


async def test_a_call_is_logged_in_two_taps(desk: Desk) -> None:
    """📞, *picked up*: it stands in the case; a third tap adds words; the customer reads nothing of it."""
    view = await desk.case_of()
    how = await desk.taps(BEN, f"k:call:{view.id}")
    logged = await desk.taps(BEN, shown(how).data(f"k:call:{view.id}:picked_up"), shown(how).message_id)
    [row] = await view.record(kind="call")
    assert (await view.now()).first_response_at is not None
    asked = await desk.taps(BEN, shown(logged).data("k:callwords"), shown(how).message_id)
    await answers(view, BEN, asked, "she comes on Friday")
    assert [one.text for one in await view.record(kind="call")] == ["", "she comes on Friday"]
    assert not [*how.customer, *logged.customer, *asked.customer]
    assert row.visibility == "internal"


async def test_lists_show_mine_and_to_who_supervises_everybodys(desk: Desk) -> None:
    """Ben sees his own; Sue may look at all; Mia works on no cases and sees none."""
    view = await desk.case_of()
    await view.writes(BEN, "/task Fri 15:00 order buttons")
    mine = await desk.writes(BEN, "/tasks")
    assert "order buttons" in mine.told_staff
    assert not [data for _, data in shown(mine).buttons if data == "k:tasks:0:all"]
    sues = await desk.writes(SUE, "/tasks")
    assert "order buttons" not in sues.told_staff
    everybodys = await desk.taps(SUE, shown(sues).data("k:tasks:0:all"), shown(sues).message_id)
    assert "order buttons" in everybodys.told_staff
    assert "Ben" in everybodys.told_staff
    await desk.taps(BEN, "k:tasks:0:all")
    assert desk.town.answers[-1].alert
    assert "order buttons" not in (await desk.writes(MIA, "/tasks")).told_staff


async def test_a_task_is_looked_at_put_off_given_and_done_by_buttons(desk: Desk) -> None:
    """From the list to the task, and what can be done with it; what is another's is refused aloud."""
    view = await desk.case_of()
    await view.writes(BEN, "/task Fri 15:00 order buttons")
    listed = await desk.writes(BEN, "/tasks")
    one = await desk.taps(BEN, shown(listed).data("k:taskview"), shown(listed).message_id)
    whom = await desk.taps(BEN, shown(one).data("k:tgive"))
    [sue] = await desk.town.rows("staff_members", user_id=SUE)
    await desk.taps(BEN, next(data for words, data in shown(whom).buttons if words == "Sue"))
    [task] = await tasks(desk)
    assert task.owner_id == sue.id
    await desk.taps(BEN, shown(one).data("k:tdone"))
    assert "Sue's task" in desk.popup
    await desk.taps(SUE, shown(one).data("k:tdone"))
    [task] = await tasks(desk)
    assert task.done_by == sue.id
    await desk.taps(SUE, shown(one).data("k:tdone"))
    assert "over already" in desk.popup


async def test_a_check_back_is_chosen_at_the_resolution(desk: Desk) -> None:
    """When Ben calls the case solved he may pick a day; then the button asks Ann, and her answer ends the task."""
    view = await desk.case_of()
    await view.writes(BEN, "Your zip is in")
    done = await desk.taps(BEN, f"k:resolve:{view.id}")
    picked = await desk.taps(BEN, shown(done).data(f"k:checkback:{view.id}:in7"), shown(done).message_id)
    [task] = await tasks(desk)
    assert (task.kind, (task.due_at - desk.town.now).days) == ("check_back", 6)
    desk.town.moves(days=7)
    asked = await desk.taps(BEN, shown(picked).data("k:asknow"))
    assert "still as it should be" in asked.told_customer[0]
    ann = desk.town.chat(11, "Ann")
    await ann.taps(f"c:cback:{task.id}:yes", message_id=asked.customer[0].message_id)
    [task] = await tasks(desk)
    assert task.done_at is not None


@pytest.mark.parametrize("verb", ["tdone", "tlater", "tgive", "tdrop", "ttell", "asknow", "taskview"])
async def test_made_up_tasks_are_refused(desk: Desk, verb: str) -> None:
    """A button with a number nobody gave out changes nothing and says so."""
    view = await desk.case_of()
    for data in (f"k:{verb}:{view.id}:999", f"k:{verb}:{view.id}:x", f"k:{verb}", f"k:{verb}:0:-1:today"):
        await desk.taps(BEN, data)
        assert desk.popup
    assert not await tasks(desk)
