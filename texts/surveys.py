"""The surveys that come with the program, as the files they are written in."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "shipped_surveys"


@cache
def shipped_survey_files() -> tuple[tuple[str, str], ...]:
    """Return name and text of each file, by name."""
    return tuple((path.name, path.read_text("utf-8")) for path in sorted(_FOLDER.glob("*.toml")))
