"""What a handler asks of the conversation it stands in."""

from domain.dialogues import Dialogue, DialogueName
from handlers.context import CareContext


def dialogue_of(context: CareContext) -> Dialogue:
    """Return the conversation that runs."""
    assert context.customer.dialogue is not None
    return context.customer.dialogue


def recorded(context: CareContext) -> int:
    """Return the interaction under which this update stands on record."""
    assert context.interaction_id is not None
    return context.interaction_id


def running(context: CareContext, name: DialogueName, *steps: str) -> Dialogue | None:
    """Return the conversation the pressed button belongs to; one that is over gives ``None`` and a kind pop-up."""
    dialogue = context.customer.dialogue
    if (
        dialogue is not None
        and dialogue.name is name
        and dialogue.data.get("key") == context.tapped.number()
        and (not steps or dialogue.step in steps)
    ):
        return dialogue
    context.answer("tap.stale")
    return None
