"""How staff are spoken to in their group: in the topic of the case it is about, else in the group."""

from domain.outgoing import Rows, to_case, to_staff_group
from handlers.context import CareContext
from services.speech import tell


async def reply(
    context: CareContext,
    key: str,
    *,
    case_id: int | None,
    customer_id: int | None = None,
    once: str | None = None,
    buttons: Rows = (),
    replacing: int | None = None,
    **values: object,
) -> None:
    """Say one thing to staff; with ``once`` the same is not said a second time. ``customer_id`` is whom it names."""
    assert context.group is not None
    group_id = context.group.id
    target = to_staff_group(group_id) if case_id is None else to_case(case_id, group_id)
    html = context.text(key, **values)
    await tell(
        context.work,
        target,
        html,
        buttons=buttons,
        case_id=case_id,
        customer_id=customer_id,
        replacing=replacing,
        dedupe_key=once,
    )
