"""Buttons first: the few under the card, all of them behind one, lists of commands, and nothing without its words."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from domain.cases import Case, CaseKind, CaseState
from domain.deeds import deed_of
from domain.outgoing import Action, Purpose, TargetKind
from handlers.staff import registry
from handlers.staff.menus import fits
from handlers.staff.registry import VERBS
from services.card_words import card_verbs
from services.commands import STAFF_COMMANDS, queue_menus, set_staff_commands
from storage.staff import load_staff
from tests.handlers.harness import BOT_ID, NOON, Said
from tests.handlers.staff.desk import BEN, MIA, SUE, CaseView, Desk
from texts import Texts

ROOT = Path(__file__).resolve().parents[3]


def verbs_on(said: Said) -> list[str]:
    """Return what the buttons of a message are for."""
    return [data.split(":")[1] for _, data in said.buttons]


def card_in(staff: list[Said]) -> Said:
    """Return the card among what was queued."""
    return next(said for said in staff if said.target[0] is TargetKind.CARD)


async def opened(case: CaseView, who: int = BEN, page: int = 0) -> Said:
    """Let somebody tap *More*."""
    data = f"k:more:{case.id}:{page}" if page else f"k:more:{case.id}"
    heard = await case.desk.taps(who, data, case.card)
    assert [said.target[0] for said in heard.staff] == [TargetKind.CARD]  # one edit, nothing else
    return card_in(heard.staff)


async def test_more_shows_every_verb_that_fits_the_state_on_pages(desk: Desk) -> None:
    """Page by page all there is comes up once, three buttons across; whoever taps a role's limit is told then."""
    case = await desk.case_of()
    seen: list[str] = []
    for page in range(10):
        card = await opened(case, page=page)
        assert max(len(row) for row in card.body["buttons"]) <= 3
        shown = [verb for verb in verbs_on(card) if verb not in ("less", "more")]
        if set(shown) <= set(seen):
            break
        seen += shown
    fitting = {v.name for v in VERBS.values() if v.menu} - {"resume", "reopen"}
    assert (set(seen), len(seen)) == (fitting, len(fitting))


async def test_more_of_a_closed_case_leaves_out_what_cannot_be_done(desk: Desk) -> None:
    """What is solved is not solved again."""
    case = await desk.case_of()
    await case.writes(BEN, "/resolve")
    card = await opened(case)
    assert "reopen" in verbs_on(card)
    assert not {"resolve", "take", "hold", "escalate"} & set(verbs_on(card))


async def test_less_brings_the_few_buttons_back_and_so_does_a_change(desk: Desk) -> None:
    """A menu that was left open closes with the next change of the case."""
    case = await desk.case_of()
    few = list(card_verbs(await case.now()))
    await opened(case)
    heard = await desk.taps(SUE, f"k:less:{case.id}", case.card)
    assert verbs_on(card_in(heard.staff)) == few
    await opened(case)
    heard = await desk.taps(BEN, f"k:take:{case.id}", case.card)
    assert "less" not in verbs_on(card_in(heard.staff))


async def test_whoever_may_only_read_may_look_into_the_menu(desk: Desk) -> None:
    """Mia opens it; what she taps there is judged by her own rights."""
    case = await desk.case_of()
    await opened(case, who=MIA)
    await desk.taps(MIA, f"k:spam:{case.id}", case.card)
    assert desk.town.answers[-1].alert
    assert (await case.now()).state is CaseState.NEW


async def test_a_card_shown_again_has_a_menu_of_its_own(desk: Desk) -> None:
    """Far down in a topic Ben asks for the card; its buttons change in place."""
    case = await desk.case_of()
    copy = (await case.writes(BEN, "/card")).staff[-1]
    assert "The zip is torn" in copy.text
    heard = await desk.taps(BEN, f"k:more:{case.id}", copy.message_id)
    assert [(said.message_id, said.action) for said in heard.staff] == [(copy.message_id, Action.EDIT)]
    assert "less" in verbs_on(heard.staff[0])


async def test_help_has_a_button_for_all_that_is_about_no_case(desk: Desk) -> None:
    """Buttons first, in the general topic too."""
    said = (await desk.writes(BEN, "/help")).staff[-1]
    assert {"cases", "tasks", "away"} <= set(verbs_on(said))


@pytest.mark.parametrize("state", list(CaseState))
def test_every_button_under_the_card_leads_somewhere(state: CaseState) -> None:
    """No card offers what nobody does, or what the state does not allow."""
    case = Case(1, 1001, 1, 1, CaseKind.COMPLAINT, state, NOON)
    shown = card_verbs(case)
    assert set(shown) <= set(VERBS)
    assert [name for name in shown if not fits(VERBS[name], case)] == []


def test_every_verb_has_its_words_in_every_language() -> None:
    """What is missing is named: the owner of the verb adds it."""
    texts = Texts()
    missing = []
    for language in texts.languages:
        for verb in VERBS.values():
            wanted = [f"staff.button.{verb.name}"] if verb.menu or verb.command or verb.name == "less" else []
            wanted += [f"command.staff.{verb.name}"] if verb.command else []
            wanted += [verb.prompt] if verb.prompt else []
            missing += [f"{language}: {key}" for key in wanted if not has(texts, key, language)]
    assert missing == []


def has(texts: Texts, key: str, language: str) -> bool:
    """Return whether there is a text."""
    try:
        return bool(texts.say(key, language, **dict.fromkeys(("number", "count", "name", "priority", "text"), 1)))
    except KeyError as error:
        return bool(error.args[0] != key)


def test_no_two_modules_have_a_verb_of_one_name() -> None:
    """One name is one deed, also by its other names."""
    names = [name for verb in registry.all_verbs() for name in (verb.name, *verb.aliases)]
    assert sorted(names) == sorted(set(names))


def test_somebody_has_decided_who_may_do_each_verb() -> None:
    """Every verb stands in the one permission table."""
    assert [verb.name for verb in VERBS.values() if deed_of(verb.name) is None] == []


def test_labels_are_short_enough_for_three_across() -> None:
    """A phone shows some fifteen letters of a button in a row of three."""
    texts = Texts()
    shown = [verb.name for verb in VERBS.values() if verb.menu]
    long = [
        label
        for language in texts.languages
        for name in shown
        if len(label := texts.button(f"staff.button.{name}", language)) > 22
    ]
    assert long == []


def test_telegrams_list_has_what_is_there() -> None:
    """The list in Telegram names commands that work, at most as many as Telegram takes."""
    assert [name for name in STAFF_COMMANDS if name not in VERBS or not VERBS[name].command] == []
    assert len(set(STAFF_COMMANDS)) == len(STAFF_COMMANDS) <= 100


async def test_groups_and_members_have_the_list_in_their_language(desk: Desk) -> None:
    """The group reads English, Ben reads Chinese in his private chat; a second time nothing is sent."""
    async with desk.town.work() as work:
        ben = (await load_staff(work.tx, bot_id=BOT_ID)).member(BEN)
        for _ in range(2):
            await queue_menus(work)
            await set_staff_commands(work, replace(ben, language="zh_TW"))
    rows = await desk.town.rows("outbox", purpose=Purpose.SETUP.value)
    lists = {row.chat_key: dict(row.body["extra"]["commands"]) for row in rows}
    texts = Texts()
    assert lists[f"g{desk.group_id}"]["take"] == texts.button("command.staff.take", "en")
    assert lists[f"m{ben.id}"]["take"] == texts.button("command.staff.take", "zh_TW")
    assert len([row for row in rows if row.chat_key[0] in "gm"]) == 2


def test_the_page_of_staff_commands_is_what_the_program_says() -> None:
    """No button undocumented; mend: .venv/bin/python docs/make_staff_commands.py."""
    made = _module(ROOT / "docs" / "make_staff_commands.py")
    assert (ROOT / "docs" / "staff-commands.md").read_text("utf-8") == made.page()


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
