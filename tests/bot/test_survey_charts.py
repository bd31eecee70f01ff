"""The picture of a survey's results: drawn from figures that were really counted, in each language."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import matplotlib.image
import pytest

from bot.pictures import draw_survey
from domain.languages import LANGUAGES
from domain.people import SYSTEM
from domain.surveys.results import Results
from services.surveys.book import get_survey, seed_shipped
from services.surveys.pictures import recipe_of
from services.surveys.results import results
from services.work import Work
from storage.database import Database, open_database
from tests.services.shop import BOT, MORNING, arrive
from tests.services.surveyed import RULES, Answered, Asked
from texts import Texts

_GIVEN = (5, 5, 4, 3, 5, 2, 4, 1)


@pytest.fixture
async def opened(sqlite_url: str) -> AsyncIterator[Database]:
    """A database that knows the shipped surveys."""
    database = open_database(sqlite_url)
    async with database.write() as tx:
        await seed_shipped(_work(tx))
    yield database
    await database.close()


def _work(tx: Any) -> Work:
    return Work(tx, MORNING, BOT, RULES, Texts())


async def _answer(work: Work, key: str, *, months: int, each: int) -> None:
    """Let people answer a survey's scored questions in each of the last months, a little better every month."""
    kept = await get_survey(work, key)
    assert kept is not None
    shop, ann = Answered(work), await arrive(work, chat_id=1, name="Ann")
    for month in range(months):
        for nth in range(each):
            given = {one.key: _GIVEN[(nth + month + place) % 8] for place, one in _scored(kept.survey.questions)}
            asked_at = MORNING - timedelta(days=30 * (months - 1 - month))
            await shop.asks(ann, Asked(given, survey=key, version=kept.version, at=asked_at))


def _scored(questions: Any) -> list[tuple[int, Any]]:
    return [(place, one) for place, one in enumerate(questions) if one.scored]


async def _counted(work: Work, key: str) -> Results:
    found = await results(work, key, by=SYSTEM)
    assert isinstance(found, Results)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
async def test_real_results_are_drawn_in_each_language(opened: Database, language: str) -> None:
    """Questions, months with their ranges and a score become one picture, and nothing is said on the error stream."""
    async with opened.write() as tx:
        work = _work(tx)
        await _answer(work, "satisfaction", months=4, each=12)
        recipe = recipe_of(work, await _counted(work, "satisfaction"), language)
    assert sum(recipe["distribution"]["values"]) == 48
    assert len(recipe["trend"]["labels"]) == 4
    assert all(low < high for low, high in zip(recipe["trend"]["lows"], recipe["trend"]["highs"], strict=True))
    assert len(recipe["questions"]) >= 3
    png = await draw_survey(recipe)
    picture = matplotlib.image.imread(io.BytesIO(png))
    assert picture.shape[1] == 1200
    colours = {tuple((row[nth][:3] * 255).astype(int)) for row in picture[::6] for nth in range(0, 1200, 6)}
    assert {(42, 157, 143), (209, 96, 61), (91, 143, 185)} <= colours


async def test_few_answers_are_drawn_and_said_to_be_few(opened: Database) -> None:
    """One answer in one month: no trend, a score that says itself that it tells little."""
    async with opened.write() as tx:
        work = _work(tx)
        await _answer(work, "pulse", months=1, each=1)
        recipe = recipe_of(work, await _counted(work, "pulse"), "en")
    assert recipe["score"]["interval"].startswith("too few to tell")
    assert recipe["score"]["interval"].endswith("n 1")
    assert (await draw_survey(recipe)).startswith(b"\x89PNG")
