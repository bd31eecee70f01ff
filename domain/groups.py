"""Which staff group a case comes to: the one that asks for such cases most exactly."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.people import StaffGroup


@dataclass(frozen=True, slots=True)
class Traits:
    """What groups choose cases by: the branch's code, the aspect, the customer's tier and language."""

    branch: str | None = None
    aspect: str | None = None
    tier: str | None = None
    language: str | None = None


_TRAIT_OF = {"branches": "branch", "aspects": "aspect", "tiers": "tier", "languages": "language"}
"""By each key of :attr:`StaffGroup.takes`, the trait it is about."""


def choose_group(groups: Sequence[StaffGroup], traits: Traits) -> StaffGroup | None:
    """Return the group that asks for most of these traits; ``None`` without groups.

    A group that asks for another trait does not take the case. Of equals the earlier one takes it, and where no group
    would, the first.
    """
    fitting = [(exactness, group) for group in groups if (exactness := _exactness(group, traits)) is not None]
    if not fitting:
        return groups[0] if groups else None
    most = max(exactness for exactness, _ in fitting)
    return next(group for exactness, group in fitting if exactness == most)


def _exactness(group: StaffGroup, traits: Traits) -> int | None:
    """Return how many things a group asks for, ``None`` when the case has another of one of them."""
    asked = {name: wanted for name, wanted in (group.takes or {}).items() if wanted and name in _TRAIT_OF}
    if all(getattr(traits, _TRAIT_OF[name]) in wanted for name, wanted in asked.items()):
        return len(asked)
    return None
