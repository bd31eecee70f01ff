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
_QUEUEING = {"mark_queued", "insert_queued"}


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def _asks(tree: ast.Module) -> bool:
    """Return whether a module has the contact question at hand."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "services.contact"
        and {name.name for name in node.names} & {"verdicts", "may_contact"}
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
            assert _asks(tree), f"{path.name}:{call.lineno} does not ask"
        said += len(sayings)
    assert said


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
            isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _QUEUEING
            for node in ast.walk(tree)
        )
    }
    assert {path.stem for path in queueing} == {"birthday", "changes", "notice_feed", "scores"}
    assert all(_asks(tree) for tree in queueing.values())
