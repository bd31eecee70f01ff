"""Nothing goes out unasked but through the contact question, and nothing of it but as a delivery."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.outgoing import HANDLING, OnUnknown, Purpose

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "handlers", "console", "campaigns", "services")
UNASKED = sorted(purpose for purpose, handling in HANDLING.items() if handling.on_unknown is OnUnknown.LIST)
_TABLE = ROOT / "bot" / "settlement.py"
"""Names purposes to look at what became of them, and says nothing."""
_SPEAKERS = {ROOT / "services" / "surveys" / "asking.py": {"ask", "remind"}}
"""Says such things in the words of a survey for others, by these functions: those who call them ask."""
_QUEUEING = {"mark_queued", "insert_queued"}
_OF_CAMPAIGNS = "rows.hand_over"
_ASKING = {"services.contact": {"verdicts", "may_contact"}, "services.campaigns.checks": {"gather"}}
"""Where the contact question can be had: by itself, or with all else that is asked before a campaign's message goes."""
_NOT_SAID = {Purpose.BIRTHDAY}
"""Rows of older versions carry it: they are sent and settled as ever, and there are no new ones."""


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def _asks(tree: ast.Module) -> bool:
    """Return whether a module has the contact question at hand."""
    return any(
        isinstance(node, ast.ImportFrom) and {name.name for name in node.names} & _ASKING.get(node.module or "", set())
        for node in ast.walk(tree)
    )


def _sayings(tree: ast.Module, purpose: Purpose) -> list[ast.Call]:
    """Return the calls that say something for ``purpose``, named by keyword."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(k.arg == "purpose" and ast.unparse(k.value) == f"Purpose.{purpose.name}" for k in node.keywords)
    ]


def _mentions(tree: ast.Module, purpose: Purpose) -> int:
    return sum(ast.unparse(node) == f"Purpose.{purpose.name}" for node in ast.walk(tree) if isinstance(node, ast.expr))


def test_who_asks_for_others_asks_the_contact_question() -> None:
    """What a campaign's message is judged by begins with it."""
    for path in (ROOT / f"{module.replace('.', '/')}.py" for module in _ASKING if module != "services.contact"):
        assert _asks(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("purpose", UNASKED)
def test_what_is_listed_when_unknown_has_a_delivery_and_passes_the_question(purpose: Purpose) -> None:
    """Every place that says such a thing asks first, and names the delivery that the sender asks about again."""
    said = 0
    for path, tree in _modules():
        if path == _TABLE:
            continue
        sayings = _sayings(tree, purpose)
        assert len(sayings) == _mentions(tree, purpose), f"{path.name}: {purpose} stands elsewhere than in a saying"
        for call in sayings:
            assert any(k.arg == "delivery_id" for k in call.keywords), f"{path.name}:{call.lineno} has no delivery"
            assert _asks(tree) or path in _SPEAKERS, f"{path.name}:{call.lineno} does not ask"
        said += len(sayings)
    assert bool(said) is (purpose not in _NOT_SAID)


@pytest.mark.parametrize("speaker", _SPEAKERS, ids=lambda path: path.stem)
def test_who_lets_another_module_say_such_things_passes_the_question(speaker: Path) -> None:
    """A module that takes over one of the functions of a speaker, for words nobody asked for, has asked before."""
    module = ".".join(speaker.relative_to(ROOT).with_suffix("").parts)
    callers = [
        (path, tree)
        for path, tree in _modules()
        if any(
            isinstance(node, ast.ImportFrom)
            and node.module == module
            and {name.name for name in node.names} & _SPEAKERS[speaker]
            for node in ast.walk(tree)
        )
        and not _answers(tree, _SPEAKERS[speaker])
    ]
    assert callers
    assert [path for path, tree in callers if not _asks(tree)] == []


def _answers(tree: ast.Module, functions: set[str]) -> bool:
    """Return whether a module calls these functions in answer to a person alone, and says so."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in functions]
    given = [{keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords} for call in calls]
    return all(keywords.get("unasked") == "False" for keywords in given)


def test_a_purpose_that_is_only_known_at_run_time_carries_its_delivery() -> None:
    """Where a purpose was kept, so was the delivery."""
    found = 0
    for path, tree in _modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if given.get("purpose", "").startswith("Purpose("):
                assert "delivery_id" in given, f"{path.name}:{node.lineno}"
                found += 1
    assert found


def test_only_who_asks_hands_a_delivery_to_the_outbox() -> None:
    """A delivery counts in the contact budget from when it was queued; nobody queues one without the question."""
    queueing = {
        path: tree
        for path, tree in _modules()
        if any(
            isinstance(node, ast.Call)
            and (ast.unparse(node.func).rpartition(".")[2] in _QUEUEING or ast.unparse(node.func) == _OF_CAMPAIGNS)
            for node in ast.walk(tree)
        )
    }
    assert {path.stem for path in queueing} == {"changes", "delivery", "notice_feed", "surveys"}
    assert all(_asks(tree) for tree in queueing.values())
