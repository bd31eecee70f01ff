"""The digest on demand."""

from domain.outcomes import Refusal
from handlers.staff.verbs import Ask, Done, Verb
from services.digest import ask_digest, buttons
from texts.catalogue import safe


async def on_digest(ask: Ask) -> Done | Refusal:
    """Say how the desk stands and what presses most."""
    html = await ask_digest(ask.work, by=ask.member, language=ask.language, group=ask.context.group)
    if isinstance(html, Refusal):
        return html
    rows = buttons(ask.work, ask.language)
    return Done("ready.digest.whole", {"digest": safe(html)}, buttons=rows, shown=True, deed=False)


VERBS = (Verb("digest", on_digest, needs_case=False, menu=False),)
