"""My cases."""

from services.casework import resolve_case
from storage.staff import load_staff
from tests.handlers.harness import Chat, Said, Town


async def open_one(ann: Chat, words: str = "my coat is torn") -> None:
    """Open one case."""
    await ann.says("/complaint")
    await ann.says(words)
    await ann.taps("c:done")
    await ann.taps("c:skip")
    await ann.taps("c:send")


async def resolve(town: Town, ann: Chat) -> list[Said]:
    """Let Ben resolve the case."""
    await town.hires(9, "Ben")
    async with town.work() as work:
        ben = (await load_staff(work.tx, bot_id=work.bot_id)).member(9)
        await resolve_case(work, case_id=1, by=ben)
    said = await town.deliver()
    ann.said().extend(said)
    return said


async def test_without_cases_the_list_says_what_to_do(ann: Chat) -> None:
    """An empty list is no dead end."""
    (said,) = await ann.says("/cases")
    assert said.data("c:complaint")


async def test_the_list_shows_state_and_promise(town: Town, ann: Chat) -> None:
    """The newest five, with the time promised (half as long for a repeated complaint), and a button each."""
    for number in range(6):
        await open_one(ann, f"thing {number}")
    (said,) = await ann.says("📂 My cases")
    assert [label.split(" ·")[0] for label, _ in said.buttons] == [f"C-100{n}" for n in (6, 5, 4, 3, 2)]
    assert "answer by today 14:00" in said.text
    (detail,) = await ann.taps(said.buttons[0][1])
    assert "thing 5" in detail.text
    assert detail.data("c:add")
    assert detail.message_id == said.message_id


async def test_words_are_added_to_the_chosen_case(town: Town, ann: Chat) -> None:
    """Of two cases the chosen one takes the words, until Done; one acknowledgement a burst."""
    await open_one(ann)
    await open_one(ann, "wrong bill")
    await ann.says("/cases")
    await ann.taps("c:case:1")
    await ann.taps("c:add")
    assert len(await ann.says("and wet")) == 1
    assert await ann.sends_photo() == []
    await ann.taps("c:added")
    words = await town.rows("interactions", case_id=1, author_kind="customer")
    assert [row.text for row in words] == ["my coat is torn", "and wet", ""]
    assert (await ann.says("more"))[0].data("c:which")


async def test_solved_and_reopened(town: Town, ann: Chat) -> None:
    """The customer ends a case and takes it up again within the window, and not after it."""
    await open_one(ann)
    await resolve(town, ann)
    (closed,) = await ann.taps("c:solved:1")
    assert "closed" in closed.text
    assert await ann.taps("c:solved:1", message_id=closed.message_id) == []
    assert "C-1001" in ann.popup
    await ann.says("/cases")
    (detail,) = await ann.taps("c:case:1")
    (reopened,) = await ann.taps(detail.data("c:reopen"))
    assert "open again" in reopened.text
    await resolve(town, ann)
    await ann.taps("c:solved:1")
    town.moves(days=8)
    await ann.says("/cases")
    (detail,) = await ann.taps("c:case:1")
    assert not [data for _, data in detail.buttons if data.startswith("c:reopen")]
    assert await ann.taps("c:reopen:1") == []
    assert ann.popup


async def test_not_solved_takes_the_next_words(town: Town, ann: Chat) -> None:
    """After "not yet" what Ann writes next goes to that case, though she has another."""
    await open_one(ann)
    await open_one(ann, "wrong bill")
    await resolve(town, ann)
    await ann.taps("c:unsolved")
    await ann.says("the seam is open again")
    words = await town.rows("interactions", case_id=1, author_kind="customer")
    assert words[-1].text == "the seam is open again"
    assert [row.state for row in await town.rows("cases")] == ["open", "new"]


async def test_another_persons_case_is_unknown(town: Town, ann: Chat, cy: Chat) -> None:
    """Cy's forged buttons show nothing of Ann's case and change nothing."""
    await open_one(ann)
    before = await town.rows("cases")
    for verb in ("case", "add", "solved", "unsolved", "reopen"):
        for forged in ("1", "999", "-1", "x", "", "9" * 30):
            assert await cy.taps(f"c:{verb}:{forged}") == []
            assert "can't find" in cy.popup
    assert await town.rows("cases") == before
