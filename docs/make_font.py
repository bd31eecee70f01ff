"""Cut the font of the charts down to the letters they need; run again when the words on a chart change.

    python docs/make_font.py FOLDER

FOLDER holds the web fonts of Noto Sans SC (SIL Open Font License 1.1) as they are published by Fontsource; the cut
fonts and their licence stand in ``bot/fonts``.
"""

import string
import sys
import tempfile
from pathlib import Path

from babel.messages.pofile import read_po
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.merge import Merger  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
FONTS = ROOT / "bot" / "fonts"
WEIGHTS = {"400": "Regular", "700": "Bold"}
_WRITTEN = "Regular"
"""The weight in which words that people write may stand: titles and questions of surveys."""
_SAID = {"notices": "notices.chart.", "survey_staff": "survey_staff.chart.score."}
"""Our own words on charts: by area, how their keys begin."""
_MONTHS = "月"
_FIRST, _LAST = 0x40, 0xFF
_COMMON = {"gb2312": (0xB0, 0xF8), "big5": (0xA4, 0xC7)}
"""The common Chinese signs, simplified and traditional: by encoding, the range of the first byte."""


def letters() -> set[str]:
    """Return every letter that may stand on a chart: printable ASCII, a minus sign, months, and our own words."""
    found = set(string.printable.strip()) | set(" \u2212\u2026\u00b7" + _MONTHS)
    for area, prefix in _SAID.items():
        for path in (ROOT / "texts" / "locale").glob(f"*/{area}.po"):
            with path.open("rb") as file:
                words = [str(m.string) for m in read_po(file) if str(m.id).startswith(prefix)]
            found |= set("".join(words))
    return found


def written() -> set[str]:
    """Return the letters people write: Latin ones with their accents, punctuation, the common Chinese signs."""
    found = {chr(code) for first, last in ((0xA0, 0x17F), (0x2010, 0x2026), (0x3000, 0x303F), (0xFF01, 0xFF5E))
             for code in range(first, last + 1)}  # fmt: skip
    for encoding, (first, last) in _COMMON.items():
        pairs = (bytes([high, low]) for high in range(first, last) for low in range(_FIRST, _LAST))
        found |= {sign for pair in pairs if len(sign := pair.decode(encoding, "ignore")) == 1}
    return found


def whole(folder: Path, weight: str) -> TTFont:
    """Return a font of all the slices of a weight."""
    slices = sorted(folder.glob(f"noto-sans-sc-*-{weight}-normal.woff"))
    with tempfile.TemporaryDirectory() as unpacked:
        plain = []
        for path in slices:
            font = TTFont(path)
            font.flavor = None
            plain.append(str(Path(unpacked) / f"{path.stem}.ttf"))
            font.save(plain[-1])
        return Merger().merge(plain)


def main(folder: Path) -> None:
    """Write one font a weight."""
    FONTS.mkdir(exist_ok=True)
    for weight, name in WEIGHTS.items():
        font = whole(folder, weight)
        options = subset.Options(layout_features=["kern"], name_IDs=["*"], hinting=False, notdef_outline=True)
        cutter = subset.Subsetter(options)
        wanted = letters() | (written() if name == _WRITTEN else set())
        cutter.populate(unicodes=[ord(letter) for letter in wanted])
        cutter.subset(font)
        font.flavor = None
        font.save(FONTS / f"NotoSansSC-{name}.ttf")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
