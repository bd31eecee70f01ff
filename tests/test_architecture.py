"""The house rules that a program can check."""

import ast
import re
from pathlib import Path

import pytest
from importlinter import cli

ROOT = Path(__file__).parent.parent
ROOMS = ("bot", "handlers", "console", "campaigns", "services", "storage", "domain", "texts", "simulator")


def test_imports_go_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every room imports only what stands below it."""
    monkeypatch.chdir(ROOT)
    assert cli.lint_imports(no_cache=True) == cli.EXIT_STATUS_SUCCESS


def _modules(*rooms: str) -> list[tuple[Path, ast.Module]]:
    paths = sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return [(path, ast.parse(path.read_text("utf-8"))) for path in paths]


def test_only_the_clock_reads_the_time() -> None:
    """Time is handed in: below the composition root nobody asks the machine what time it is."""
    found = []
    for path, tree in _modules("handlers", "console", "campaigns", "services", "storage", "domain", "texts"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
                owner = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
                if owner in {"datetime", "date", "time"}:
                    found.append(f"{path.name}:{node.lineno}")
    assert not found


def test_no_import_hides_in_a_function() -> None:
    """A cycle is a fault of the plan; outside the command line, which loads late on purpose, imports stand on top."""
    found = []
    for path, tree in _modules("handlers", "console", "campaigns", "services", "storage", "domain", "texts"):
        for function in ast.walk(tree):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found += [
                    f"{path.relative_to(ROOT)}:{node.lineno}"
                    for node in ast.walk(function)
                    if isinstance(node, (ast.Import, ast.ImportFrom))
                ]
    assert not found


def test_no_words_for_people_in_python() -> None:
    """Words people read stand in the catalogues: no Chinese text and no HTML sentence in the rooms that speak."""
    spoken = re.compile(r"[\u4e00-\u9fff]{2,}|<b>|<i>")
    found = []
    for path, tree in _modules("handlers", "console", "campaigns", "services"):
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
        found += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.value!r}"
            for node in strings
            if id(node) not in docstrings and spoken.search(str(node.value))
        ]
    assert not found


QUESTIONS = {"getMe", "getChat", "getChatMember", "getFile", "getWebhookInfo", "setWebhook", "deleteWebhook"}


def _calls_of_the_api(tree: ast.Module) -> list[str]:
    """Return the first argument of each ``….call(…)`` on something called ``api``, as it is written."""
    return [
        ast.unparse(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "call"
        and ast.unparse(node.func.value).rpartition(".")[2].strip("_") == "api"
    ]


def test_only_the_sender_talks() -> None:
    """Nobody but the sender, and what carries its rows, has the Bot API at hand.

    Intake, jobs, start and check ask, and say nothing. The pictures of campaigns are the sender's hand.
    """
    below = _modules("handlers", "console", "campaigns", "services", "storage", "domain", "texts")
    imported = [
        f"{path.relative_to(ROOT)}: {node.module}"
        for path, tree in below
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and re.match(r"aiohttp|telegram\.(ext|request)", node.module or "")
    ]
    assert not imported
    holders = {path.name for path, _ in _modules("bot") if "TelegramApi" in path.read_text("utf-8")}
    assert holders == {
        "transport.py",
        "sender.py",
        "carrying.py",
        "campaign_pictures.py",
        "intake.py",
        "jobs.py",
        "app.py",
        "check.py",
    }
    for path, tree in _modules("bot"):
        if path.name in holders - {"transport.py", "sender.py", "carrying.py", "campaign_pictures.py"}:
            asked = {argument.strip("'") for argument in _calls_of_the_api(tree)} - {"method"}
            assert asked <= QUESTIONS, path.name


def test_handlers_say_through_services() -> None:
    """An edge words its own prompts, but no handler or campaign makes outbox rows by itself."""
    found = [
        f"{path.relative_to(ROOT)}: {name.name}"
        for path, tree in _modules("handlers", "console", "campaigns")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in {"domain.outgoing", "storage.outbox"}
        for name in node.names
        if name.name in {"Outgoing", "add_outgoing", "queue_or_replace", "merge_queued"}
    ]
    assert not found


def _states_by_hand(tree: ast.Module) -> list[ast.expr]:
    """Return each ``CaseState`` that is written as the ``state`` of a case: by keyword, in a dictionary, by key."""
    values: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "state":
            values.append(node.value)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values += [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "state"]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("['state']"):
            values.append(node.value)
    return [value for value in values if "CaseState." in ast.unparse(value)]


def test_only_the_table_of_transitions_knows_what_state_follows() -> None:
    """A service asks for the next state; new is what it opens, and an erasure has ended by itself what it records."""
    found = [
        f"{path.name}: {ast.unparse(value)}" for path, tree in _modules("services") for value in _states_by_hand(tree)
    ]
    assert found == ["cases.py: CaseState.NEW.value", "erasure.py: CaseState.CLOSED.value"]
