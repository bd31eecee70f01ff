"""The picture of a campaign's results: drawn in a process of its own, in the letters of every language."""

import io
from pathlib import Path
from typing import Any

import matplotlib.image
from matplotlib.ft2font import FT2Font

from bot import pictures
from bot.pictures import draw_campaign
from domain.languages import LANGUAGES
from texts import Texts

FONT = Path(pictures.__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"
BAR = {"label": "有回應", "value": 0.18, "low": 0.157, "high": 0.206}
RECIPE: dict[str, Any] = {
    "title": "中秋問候",
    "span": "應傳 1,000 人，送達 930 人",
    "value": "18%",
    "label": "有回應",
    "shares": {"title": "送達的 930 人做了什麼", "bars": [BAR, {**BAR, "value": 0, "low": 0, "high": 0}]},
    "variants": {"title": "各種寫法", "bars": [{**BAR, "label": "a", "best": False}, {**BAR, "best": True}]},
    "uplifts": {
        "title": "比特意不傳的 110 人多幾個百分點",
        "bars": [
            {"label": "購買", "value": 0.03, "low": 0.01, "high": 0.05, "sure": True, "good": True},
            {"label": "投訴", "value": 0.02, "low": 0.01, "high": 0.04, "sure": True, "good": False},
        ],
    },
    "notes": ["統計到 2026-12-03 才結束。"],
}


async def drawn(recipe: dict[str, Any]) -> tuple[tuple[int, int], set[tuple[int, ...]]]:
    """Return the size of a picture and the colours found in it."""
    picture = matplotlib.image.imread(io.BytesIO(await draw_campaign(recipe)))
    height, width = picture.shape[:2]
    colours = {tuple((row[nth][:3] * 255).astype(int)) for row in picture[::4] for nth in range(0, width, 4)}
    return (width, height), colours


async def test_good_and_bad_have_colours_of_their_own() -> None:
    """The winner and more purchases are green, more complaints red; it is as high as its bars need."""
    (width, height), colours = await drawn(RECIPE)
    assert width == 1200
    assert {(42, 157, 143), (209, 96, 61)} <= colours
    alone = {**RECIPE, "variants": {"title": "", "bars": []}, "uplifts": {"title": "", "bars": []}, "notes": []}
    (_, lower), plain = await drawn(alone)
    assert lower < height
    assert (209, 96, 61) not in plain


def test_the_words_on_the_chart_can_be_drawn() -> None:
    """Every letter of our own words on it is in the font, in each language."""
    texts = Texts()
    keys = [f"chart.{name}" for name in ("span", "shares", "variants", "uplifts")]
    keys += [f"deed.{name}" for name in ("answers", "clicks", "blocks", "optouts", "complaints", "purchases", "points")]
    keys += ["finding.no_difference", "warn.no_holdout", "warn.few", "warn.open", "warn.versions", "warn.variants_few"]
    given = {"reached": 1, "meant": 2, "span": "7", "n": 3, "deed": "", "count": 1, "least": 30, "until": "2026"}
    words = "".join(
        texts.button(f"campaign_results.{key}", language, **given) for key in keys for language in LANGUAGES
    )
    assert not set(words) - {chr(code) for code in FT2Font(FONT).get_charmap()}
