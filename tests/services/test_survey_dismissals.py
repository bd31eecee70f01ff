"""Scores do not move with those who dismiss a survey: by silence, “not now”, or questions left out."""

from datetime import timedelta
from random import Random, SystemRandom

import pytest

from campaigns.surveys import expire
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.surveys import SurveyState
from domain.surveys.scores import Estimate
from services.surveys import answering, book
from services.surveys.asking import ask
from services.surveys.document import read_toml
from services.surveys.results import results
from services.work import Person, Work
from storage.responses import change_response, get_response
from tests.services.shop import Working, arrive

_SURVEY = """
key = "friend"
acts = false
score_by = "easy"
[title]
en = "Friends"
zh_CN = "朋友"
zh_TW = "朋友"
[when]
expires_after = "7d"
[[questions]]
key = "recommend"
kind = "nps"
text = { en = "Would you recommend us?", zh_CN = "会推荐吗？", zh_TW = "會推薦嗎？" }
jumps = [{ to = "end", at_least = 10 }]
[[questions]]
key = "easy"
kind = "ces"
text = { en = "It was easy.", zh_CN = "很方便。", zh_TW = "很方便。" }
[[questions]]
key = "words"
kind = "text"
text = { en = "Tell us more.", zh_CN = "还有呢？", zh_TW = "還有呢？" }
"""
_DISMISSALS = ("silent", "not now", "left out", "left out and stopped", "expired", "closed by the shop")


async def guest(work: Work, nth: int) -> tuple[Person, int]:
    """Return somebody new who is asked the survey."""
    person = await arrive(work, chat_id=5000 + nth, name=f"Guest {nth}")
    kept = await book.get_survey(work, "friend")
    assert kept is not None
    response_id = await ask(work, person, kept, occasion=f"{nth}", cause="hand", unasked=False)
    assert response_id is not None
    return person, response_id


async def dismisses(work: Work, nth: int, how: str) -> None:
    """Let somebody new dismiss the survey in some way."""
    person, response_id = await guest(work, nth)
    if how == "not now":
        await answering.stop(work, person, response_id=response_id, replacing=None)
    if how.startswith("left out"):
        for question in ("recommend", "easy") if how == "left out" else ("recommend",):
            await answering.skip(work, person, response_id=response_id, question=question, replacing=None)
    if how == "left out and stopped":
        await answering.stop(work, person, response_id=response_id, replacing=None)
    if how == "expired":
        await change_response(work.tx, response_id, expires_at=work.now)
        await expire(work, limit=10)
    if how == "closed by the shop":
        await book.switch_survey(work, "friend", SurveyState.CLOSED, by=SYSTEM)
        await answering.answer(work, person, response_id=response_id, question="recommend", value=0, replacing=None)
        await book.switch_survey(work, "friend", SurveyState.ON, by=SYSTEM)


async def opens(work: Work) -> None:
    """Put the survey up."""
    added = await book.add_survey(work, read_toml(_SURVEY, name="f.toml"), by=SYSTEM, state=SurveyState.ON)
    assert isinstance(added, book.Added)


async def answers(work: Work, person: Person, response_id: int, **values: int) -> None:
    """Let somebody answer these questions, one after the other."""
    for question, value in values.items():
        done = await answering.answer(
            work, person, response_id=response_id, question=question, value=value, replacing=None
        )
        assert not isinstance(done, Refusal), done


async def scores(work: Work) -> tuple[list[Estimate | None], int]:
    """Return the figures of both questions, and how many were asked."""
    found = await results(work, "friend", by=SYSTEM)
    assert not isinstance(found, Refusal)
    return [question.estimate for question in found.questions], found.asked


@pytest.mark.parametrize("seed", [SystemRandom().randrange(10**6)])
async def test_scores_are_the_same_however_many_dismiss_the_survey(working: Working, seed: int) -> None:
    """Five of nine are above 8 and two below 7: +33, and still so with every kind of dismissal beside them."""
    chance = Random(seed)
    async with working() as work:
        await opens(work)
        for nth, value in enumerate([9, 9, 9, 9, 9, 8, 7, 6, 0]):
            person, response_id = await guest(work, nth)
            await answers(work, person, response_id, recommend=value, easy=1 + value % 7)
        before, asked = await scores(work)
        assert before[0] is not None
        assert (round(before[0].value or 0), before[0].n) == (33, 9)
    dismissals = [*_DISMISSALS, *chance.choices(_DISMISSALS, k=12)]
    chance.shuffle(dismissals)
    for nth, how in enumerate(dismissals, 100):
        async with working(later=timedelta(hours=nth)) as work:
            await dismisses(work, nth, how)
            after, asked_now = await scores(work)
            assert after == before, (how, seed)
            assert asked_now == asked + nth - 99, (how, seed)


async def test_what_was_answered_on_a_way_no_longer_taken_is_in_no_figure(working: Working) -> None:
    """Ann is no friend, and it was hard; she goes back and gives 10, after which nobody asks how easy it was."""
    async with working() as work:
        await opens(work)
        bob, bobs = await guest(work, 1)
        await answers(work, bob, bobs, recommend=8, easy=7)
        ann, anns = await guest(work, 2)
        await answers(work, ann, anns, recommend=3, easy=1)
        for question in ("words", "easy"):
            await answering.back(work, ann, response_id=anns, question=question, replacing=None)
        await answers(work, ann, anns, recommend=10)
    async with working(later=timedelta(hours=1)) as work:
        (recommend, easy, _), asked = await scores(work)
        assert recommend is not None
        assert easy is not None
        assert (asked, recommend.n, recommend.value) == (2, 2, 50)
        assert (easy.n, easy.value) == (1, 7)
        kept = await get_response(work.tx, anns)
        assert kept is not None
        assert (kept.state, kept.score) == ("finished", None)
