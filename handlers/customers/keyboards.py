"""The buttons of the customers' chat."""

from collections.abc import Iterable
from functools import cache

from domain.cases import Aspect
from domain.outgoing import Button, Rows
from handlers.context import CareContext
from texts import Texts

MENU = (("menu.complaint", "menu.feedback"), ("menu.cases", "menu.more"))
_CHOSEN = "✓ "


@cache
def _menu_words(texts: Texts) -> dict[str, str]:
    return {form: key for row in MENU for key in row for form in texts.all_forms(key)}


def menu_key(context: CareContext) -> str | None:
    """Return which button of the menu these words are, in whatever language it stood there."""
    return _menu_words(context.work.texts).get(context.said.content.text.strip())


def menu(context: CareContext) -> tuple[tuple[str, ...], ...]:
    """Return the reply keyboard that is always there."""
    return tuple(tuple(context.label(key) for key in row) for row in MENU)


def button(context: CareContext, key: str, data: str, **values: object) -> Button:
    """Return one button with the words under ``key``."""
    return Button(context.label(key, **values), data=data)


def one_row(*buttons: Button) -> Rows:
    """Return buttons side by side."""
    return (buttons,)


def column(buttons: Iterable[Button]) -> Rows:
    """Return buttons one below the other."""
    return tuple((one,) for one in buttons)


def aspects(context: CareContext, data: str, chosen: str | None = None) -> Rows:
    """Return a button for each aspect; ``data`` is continued with it, the chosen one is marked."""
    made = [
        Button((_CHOSEN if aspect == chosen else "") + context.label(f"aspect.{aspect}"), data=f"{data}:{aspect}")
        for aspect in Aspect
    ]
    return (tuple(made[:3]), tuple(made[3:]))


def aspect_of(word: str) -> Aspect | None:
    """Return the aspect a button names; a forged one is none."""
    return Aspect(word) if word in Aspect.__members__.values() else None
