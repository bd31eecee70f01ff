"""The staff groups: which of them a case comes to."""

from domain.cases import Aspect
from domain.groups import Traits, choose_group
from domain.people import Actor, StaffGroup
from services.work import Person, Work
from storage import people as people_rows
from storage import staff as staff_rows
from storage.audit import add_audit


async def group_for(work: Work, person: Person, aspect: Aspect | None) -> StaffGroup | None:
    """Return the staff group to which a case of this customer comes; ``None`` while there is none."""
    return await group_of_customer(work, customer_id=person.customer.id, aspect=aspect)


async def group_of_customer(work: Work, *, customer_id: int, aspect: Aspect | None) -> StaffGroup | None:
    """Return the staff group to which a case of the customer with this id comes; ``None`` while there is none."""
    groups = await staff_rows.list_groups(work.tx, bot_id=work.bot_id)
    if not any(group.takes for group in groups):
        return groups[0] if groups else None
    customer = await people_rows.get_customer(work.tx, customer_id)
    branch = None
    if customer is not None and customer.branch_id is not None:
        codes = await people_rows.list_branch_codes(work.tx)
        branch = next((code for code, branch_id in codes.items() if branch_id == customer.branch_id), None)
    traits = Traits(
        branch=branch,
        aspect=aspect.value if aspect else None,
        tier=customer.tier if customer else None,
        language=customer.language if customer else None,
    )
    return choose_group(groups, traits)


def audit_group(
    work: Work,
    group: StaffGroup,
    *,
    by: Actor,
    action: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Keep who did what to a staff group."""
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("group", group.id), before=before, after=after)
