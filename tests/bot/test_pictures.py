"""Pictures: scanned at the till, and charts drawn in a process of their own with letters for every language."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib.image
import pytest
from matplotlib.ft2font import FT2Font

from bot import pictures
from bot.pictures import NotDrawn, draw_code, draw_statement
from domain.languages import LANGUAGES
from texts import Texts
from texts.months import month_in_words
from texts.surveys import shipped_survey_files

FONTS = Path(pictures.__file__).parent / "fonts"
RECIPE: dict[str, Any] = {
    "title": "我的點數",
    "balance_label": "餘額",
    "balance": "1,480",
    "months": ["5月", "6月", "7月", "8月", "9月", "10月"],
    "series": [
        {"label": "獲得", "values": [0, 340, 0, 560, 220, 480]},
        {"label": "使用", "values": [0, 0, 0, 0, 0, 0]},
    ],
}


async def test_a_code_has_room_around_it() -> None:
    """White to the edge on every side, wide enough for any scanner, and large enough for a small screen."""
    picture = matplotlib.image.imread(io.BytesIO(await draw_code({"code": "ABCD23456789"})))
    pixels = picture if picture.ndim == 2 else picture[..., 0]
    dark_rows = [nth for nth, row in enumerate(pixels) if row.min() < 0.5]
    assert pixels.shape[0] >= 500
    assert min(dark_rows[0], pixels.shape[0] - 1 - dark_rows[-1]) == 6 * 16


async def test_a_statement_is_drawn_outside_of_this_process() -> None:
    """A picture of the size that is asked for, with colour in it, and nothing said on the error stream."""
    picture = matplotlib.image.imread(io.BytesIO(await draw_statement(RECIPE)))
    assert picture.shape[:2] == (750, 1200)
    colours = {tuple((row[nth][:3] * 255).astype(int)) for row in picture[200:640:8] for nth in range(0, 1200, 8)}
    assert (42, 157, 143) in colours


async def test_an_account_without_any_movement_can_be_drawn() -> None:
    """Six empty months make an empty chart, not an error."""
    empty = [{"label": "Earned", "values": [0] * 6}]
    assert (await draw_statement({**RECIPE, "series": empty})).startswith(b"\x89PNG")


async def test_a_drawing_process_that_fails_is_no_picture() -> None:
    """Its last line is kept for the log."""
    with pytest.raises(NotDrawn, match="KeyError"):
        await draw_statement({"title": "no months"})


def test_the_words_of_shipped_surveys_can_be_drawn() -> None:
    """Titles and questions stand on the charts of results, in each language; emojis alone are left out."""
    words = "".join(text for _, text in shipped_survey_files())
    letters = {letter for letter in words if letter.isalnum() or letter in "，。？！、：（）“”「」"}
    known = {chr(code) for code in FT2Font(FONTS / "NotoSansSC-Regular.ttf").get_charmap()}
    assert not letters - known


def test_the_fonts_have_every_letter_of_the_charts() -> None:
    """A word changed in a catalogue needs the font cut anew: `docs/make_font.py`."""
    texts = Texts()
    keys = [f"notices.chart.{name}" for name in ("title", "balance", "earned", "used", "expired")]
    words = [texts.button(key, language) for key in keys for language in LANGUAGES]
    months = [date(2026, month, 1) for month in range(1, 13)]
    words += [month_in_words(month, language, short=True) for month in months for language in LANGUAGES]
    wanted = set("".join(words) + "0123456789,.kM")
    for path in sorted(FONTS.glob("*.ttf")):
        assert not wanted - {chr(code) for code in FT2Font(path).get_charmap()}
        assert path.stat().st_size < (4_000_000 if "Regular" in path.name else 300_000)
    assert "SIL Open Font License" in (FONTS / "OFL.txt").read_text("utf-8")
