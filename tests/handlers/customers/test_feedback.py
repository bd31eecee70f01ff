"""Feedback in at most three taps."""

import pytest

from domain.outgoing import Action
from services.drafts import open_due
from tests.handlers.harness import Chat, Town


async def staff_words(town: Town) -> list[str]:
    """Return the texts queued for the staff group so far."""
    rows = await town.rows("outbox", target_kind="staff_group")
    return [row.body["content"].get("text", "") for row in rows]


async def test_stars_are_kept_at_the_first_tap(town: Town, ann: Chat) -> None:
    """Menu, star, aspect: three taps, and nothing more is needed."""
    (asked,) = await ann.says("⭐ Give feedback")
    assert len(asked.buttons) == 7
    (aspect,) = await ann.taps(asked.buttons[3][1])
    assert (aspect.action, aspect.message_id) == (Action.EDIT, asked.message_id)
    assert [(row.kind, row.stars, row.aspect) for row in await town.rows("feedback")] == [("rating", 4, None)]
    (thanks,) = await ann.taps(aspect.buttons[2][1])
    assert thanks.data("c:fdone")
    assert [(row.stars, row.aspect) for row in await town.rows("feedback")] == [(4, "service")]


async def test_a_double_tap_on_a_star_counts_once(town: Town, ann: Chat) -> None:
    """The second of two quick taps changes nothing."""
    (asked,) = await ann.says("/feedback")
    await ann.taps(asked.buttons[4][1])
    assert await ann.taps(asked.buttons[0][1], message_id=asked.message_id) == []
    assert ann.popup
    assert [row.stars for row in await town.rows("feedback")] == [5]


async def test_words_and_photos_are_added_and_shown_to_staff_once(town: Town, ann: Chat) -> None:
    """What follows the stars joins them; staff read it when Ann is done."""
    await town.opens_desk()
    (asked,) = await ann.says("/feedback")
    (aspect,) = await ann.taps(asked.buttons[4][1])
    await ann.taps(aspect.data("c:faspect"))
    (added,) = await ann.says("<b>lovely</b> {tea}")
    assert added.data("c:fdone")
    assert await ann.sends_photo() == []
    assert await staff_words(town) == []
    await ann.taps("c:fdone")
    words = await staff_words(town)
    assert len(words) == 2
    assert "&lt;b&gt;lovely&lt;/b&gt; {tea}" in words[0]
    assert "★★★★★" in words[0]
    assert [row.text for row in await town.rows("feedback")] == ["<b>lovely</b> {tea}"]


async def test_unfinished_feedback_finishes_by_itself(town: Town, ann: Chat) -> None:
    """Who walks away has given feedback all the same: quietly finished, shown to staff once."""
    await town.opens_desk()
    (asked,) = await ann.says("/feedback")
    await ann.taps(asked.buttons[4][1])
    town.moves(minutes=6)
    for _ in range(2):
        async with town.work() as work:
            await open_due(work)
    assert len(await staff_words(town)) == 1
    (row,) = await town.rows("feedback")
    assert row.finished_at is not None
    assert len(await town.rows("outbox", purpose="conversation")) == 2


async def test_few_stars_offer_a_person(town: Town, ann: Chat) -> None:
    """Up to two stars a case is offered, with the words already said."""
    (asked,) = await ann.says("/feedback")
    (aspect,) = await ann.taps(asked.buttons[1][1])
    assert "sorry" in aspect.text
    assert "Thank" not in aspect.text
    (offer,) = await ann.taps(aspect.data("c:faspect"))
    assert len(offer.buttons) == 2
    await ann.says("nobody greeted me")
    said = await ann.taps("c:fcase")
    assert "C-1001" in said[-1].text
    (row,) = await town.rows("feedback")
    (case,) = await town.rows("cases")
    assert row.case_id == case.id
    assert case.summary == "★★☆☆☆ nobody greeted me"
    assert await ann.taps("c:fcase", message_id=offer.message_id) == []
    assert len(await town.rows("cases")) == 1


async def test_a_pause_takes_no_offer_away(town: Town, ann: Chat) -> None:
    """Hours later the stars, the aspect and the offered person still stand."""
    (asked,) = await ann.says("/feedback")
    for step in (asked.buttons[0][1], "c:faspect", "c:fcase"):
        town.moves(hours=2)
        async with town.work() as work:
            await open_due(work)
        await ann.taps(step)
    assert "C-1001" in ann.said()[-1].text
    assert await ann.taps("c:fcase") == []
    assert [(row.stars, row.aspect, row.case_id) for row in await town.rows("feedback")] == [(1, "quality", 1)]


async def test_few_stars_without_a_case(town: Town, ann: Chat) -> None:
    """A no is taken for a no."""
    (asked,) = await ann.says("/feedback")
    (aspect,) = await ann.taps(asked.buttons[0][1])
    (offer,) = await ann.taps(aspect.data("c:faspect"))
    (said,) = await ann.taps(offer.buttons[1][1])
    assert said.data("c:fdone")
    assert await town.rows("cases") == []


@pytest.mark.parametrize(("index", "kind"), [(5, "suggestion"), (6, "praise")])
async def test_a_suggestion_or_praise_in_words(town: Town, ann: Chat, index: int, kind: str) -> None:
    """One tap, some words, done; staff are told."""
    await town.opens_desk()
    (asked,) = await ann.says("/feedback")
    await ann.taps(asked.buttons[index][1])
    await ann.says("Ben was so kind")
    await ann.taps("c:fdone")
    assert [(row.kind, row.text) for row in await town.rows("feedback")] == [(kind, "Ben was so kind")]
    assert "Ben was so kind" in (await staff_words(town))[0]


async def test_a_digit_is_a_star(town: Town, ann: Chat) -> None:
    """Who types 5 means five stars."""
    await ann.says("/feedback")
    await ann.says("5")
    assert [row.stars for row in await town.rows("feedback")] == [5]


async def test_forged_feedback_changes_nothing(town: Town, ann: Chat, cy: Chat) -> None:
    """Buttons made by hand reach neither Ann's feedback nor make one of Cy's."""
    (asked,) = await ann.says("/feedback")
    await ann.taps(asked.buttons[0][1])
    before = await town.rows("feedback")
    for data in ("c:star:1:9", "c:fkind:1:rating", "c:fdone:1", "c:fcase:1:yes", "c:faspect:1:price", "c:faspect:x"):
        assert await cy.taps(data) == []
        assert cy.popup
    assert await town.rows("feedback") == before
