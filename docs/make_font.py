"""Cut the font of the charts down to the letters they need; run again when the words on a chart change.

    python docs/make_font.py FOLDER

FOLDER holds the web fonts of Noto Sans SC (SIL Open Font License 1.1) as they are published by Fontsource; the cut
fonts and their licence stand in ``bot/fonts``.
"""

import string
import sys
from pathlib import Path

from babel.messages.pofile import read_po
from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
FONTS = ROOT / "bot" / "fonts"
WEIGHTS = {"400": "Regular", "700": "Bold"}
_MONTHS = "月"


def letters() -> set[str]:
    """Return every letter that may stand on a chart: printable ASCII, a minus sign, months, and our own words."""
    found = set(string.printable.strip()) | set(" \u2212\u2026\u00b7" + _MONTHS)
    for path in (ROOT / "texts" / "locale").glob("*/notices.po"):
        with path.open("rb") as file:
            words = [str(m.string) for m in read_po(file) if str(m.id).startswith("notices.chart.")]
        found |= set("".join(words))
    return found


def main(folder: Path) -> None:
    """Write one font a weight."""
    FONTS.mkdir(exist_ok=True)
    for weight, name in WEIGHTS.items():
        font = TTFont(folder / f"noto-sans-sc-chinese-simplified-{weight}-normal.woff")
        options = subset.Options(layout_features=["kern"], name_IDs=["*"], hinting=False, notdef_outline=True)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=[ord(letter) for letter in letters()])
        cutter.subset(font)
        font.flavor = None
        font.save(FONTS / f"NotoSansSC-{name}.ttf")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
