"""How much a case presses, decided by hand with a reason; and the words that raise a case by themselves."""

from domain.cases import Priority
from domain.folding import fold
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.priority import KeywordRule
from handlers.staff.verbs import Ask, Done, Verb
from services import keywords
from services.priority_by_hand import may_set, set_priority
from texts import Texts

_LISTED = 30
_LABEL_LETTERS = 40
_PLUS, _MINUS = "+＋", "-－−–—"


def read_priority(texts: Texts, word: str) -> Priority | None:
    """Return the priority called ``word``, in any language."""
    wanted = fold(word)
    for priority in Priority:
        if wanted == priority.value or wanted in {fold(form) for form in texts.all_forms(f"clock.level.{priority}")}:
            return priority
    return None


def _level(ask: Ask, priority: Priority) -> str:
    return ask.context.label(f"clock.level.{priority}")


async def on_priority(ask: Ask) -> Done | Refusal:
    """Let somebody pick a priority and say why, or take both from the words behind the command."""
    if ask.argument():
        return await _chosen(ask, ask.argument(), ask.words)
    if ask.words:
        word, _, reason = ask.words.partition(" ")
        return await _chosen(ask, word, reason)
    case = await may_set(ask.work, case_id=ask.case, by=ask.member, priority=None)
    if isinstance(case, Refusal):
        return case
    levels = [priority for priority in reversed(Priority) if priority is not case.priority]
    buttons = tuple(
        Button(ask.context.label(f"clock.button.{priority}"), data=f"k:priority:{case.id}:{priority}")
        for priority in levels
    )
    values: dict[str, object] = {"number": case.public_number, "priority": _level(ask, case.priority)}
    return Done("clock.pick", values, buttons=(buttons,), shown=True, deed=False)


async def _chosen(ask: Ask, word: str, reason: str) -> Done | Refusal:
    priority = read_priority(ask.work.texts, word)
    if priority is None:
        return Refusal("clock.refused.which")
    case = await may_set(ask.work, case_id=ask.case, by=ask.member, priority=priority)
    if isinstance(case, Refusal):
        return case
    values: dict[str, object] = {"number": case.public_number, "priority": _level(ask, priority)}
    if not reason.strip():
        return Done(None, values, prompt="clock.why_prompt", arguments=(priority.value,), deed=False)
    done = await set_priority(ask.work, case_id=case.id, by=ask.member, priority=priority, reason=reason)
    return done if isinstance(done, Refusal) else Done("clock.set", {**values, "name": ask.member.name}, shown=True)


async def on_keywords(ask: Ask) -> Done | Refusal:
    """Show the words that raise a case, each with a button that takes it away; add and remove some by words."""
    if ask.argument():
        return _gone(await keywords.remove_keyword(ask.work, rule_id=ask.number(), by=ask.member))
    sign, rest = ask.words[:1], ask.words[1:].strip()
    if not sign:
        return await _listed(ask)
    if sign in _MINUS and rest:
        return _gone(await keywords.remove_keyword(ask.work, words=rest, by=ask.member))
    words, _, level = rest.rpartition(" ")
    priority = read_priority(ask.work.texts, level)
    if sign not in _PLUS or not words or priority is None:
        return Refusal("clock.refused.keywords")
    rule = await keywords.add_keyword(ask.work, words=words, priority=priority, by=ask.member)
    if isinstance(rule, Refusal):
        return rule
    return Done("clock.keyword_put", {"words": rule.words, "priority": _level(ask, rule.priority)}, shown=True)


def _gone(removed: str | Refusal) -> Done | Refusal:
    return removed if isinstance(removed, Refusal) else Done("clock.keyword_gone", {"words": removed}, shown=True)


async def _listed(ask: Ask) -> Done | Refusal:
    rules = await keywords.list_keywords(ask.work, by=ask.member)
    if isinstance(rules, Refusal):
        return rules
    if not rules:
        return Done("clock.keywords_none", shown=True, deed=False)
    rows: Rows = tuple((_remover(ask, rule),) for rule in rules[:_LISTED])
    key = "clock.keywords" if len(rules) <= _LISTED else "clock.keywords_more"
    values: dict[str, object] = {} if len(rules) <= _LISTED else {"shown": _LISTED, "count": len(rules)}
    return Done(key, values, buttons=rows, shown=True, deed=False)


def _remover(ask: Ask, rule: KeywordRule) -> Button:
    words = rule.words if len(rule.words) <= _LABEL_LETTERS else f"{rule.words[: _LABEL_LETTERS - 1]}…"
    return Button(f"✖ {words} · {_level(ask, rule.priority)}", data=f"k:keywords:0:{rule.id}")


VERBS: tuple[Verb, ...] = (
    Verb("priority", on_priority),
    Verb("keywords", on_keywords, needs_case=False, menu=False),
)
