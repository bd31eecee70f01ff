"""Write ``docs/staff-commands.md`` from the registry of what staff can do, so that the two cannot differ.

Run it with ``.venv/bin/python docs/make_staff_commands.py`` after adding or renaming a button or command.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from handlers.staff.registry import VERBS  # noqa: E402
from handlers.staff.verbs import Verb  # noqa: E402
from texts import Texts  # noqa: E402

PAGE = ROOT / "docs" / "staff-commands.md"

HEAD = """# What staff can do in Telegram

Made from the program by `docs/make_staff_commands.py`. Who may do what, and to a case in which state, stands in
[permissions.md](permissions.md).

Every card of a case has the buttons needed most; *⋯ More* shows all that can be done to it in its present state. Each
button is a command, too: in the topic of the case, as an answer to one of its messages in a group without topics, or
in one's private chat with the bot. Words behind a command save a question: `/escalate he calls a lawyer`. Outside of a
topic the case is named first: `/take C-1042`. What a button still needs to know is asked in a message that names who
tapped it; the answer counts from that person alone.

Words that begin like a command or a note, but are none, are held back and asked about; they never reach the customer by
mistake. `/note words` and `//words` are notes.
"""


def page() -> str:
    """Return the page as it should be."""
    listed = [verb for verb in VERBS.values() if verb.command]
    about = sorted((verb for verb in listed if verb.needs_case), key=lambda verb: verb.name)
    general = sorted((verb for verb in listed if not verb.needs_case), key=lambda verb: verb.name)
    parts = [HEAD, "## About a case\n", _table(about), "## About no case, or any\n", _table(general)]
    return "\n".join(parts)


def _table(verbs: Iterable[Verb]) -> str:
    texts = Texts()
    lines = ["| Command | Button | What it does |", "| --- | --- | --- |"]
    for verb in verbs:
        names = ", ".join(f"`/{name}`" for name in (verb.name, *verb.aliases))
        button = texts.button(f"staff.button.{verb.name}", "en")
        does = texts.button(f"command.staff.{verb.name}", "en")
        lines.append(f"| {names} | {button} | {does[:1].upper()}{does[1:]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
