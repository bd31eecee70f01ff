"""What an import must know of the business before it reads a line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from domain.rules import Rules
from services.imports.columns import Wrong
from services.work import Work
from storage.people import list_branch_codes
from storage.staff import load_staff

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Known:
    """The rules, the moment and the date where the business is, branches by code, active staff by name and by id."""

    rules: Rules
    now: datetime
    today: date
    branches: Mapping[str, int]
    staff: Mapping[str, frozenset[int]]

    def branch(self, cell: str) -> int:
        """Return the branch with this code. Raises :class:`Wrong`."""
        if cell not in self.branches:
            shown = ", ".join(sorted(self.branches)[:_SHOWN]) or "none yet"
            raise Wrong(f"is no branch; known are: {shown} (see business.branches in the configuration)")
        return self.branches[cell]

    def member(self, cell: str) -> int:
        """Return the member of staff with this name or Telegram id. Raises :class:`Wrong`."""
        found = self.staff.get(cell.casefold(), frozenset())
        if len(found) > 1:
            raise Wrong("is the name of more than one member of staff; write the Telegram id instead")
        if not found:
            raise Wrong("is no member of staff; write a name or Telegram id as the staff list has it")
        return next(iter(found))


async def look_around(work: Work, *, more_branches: Mapping[str, int] | None = None) -> Known:
    """Return what is known now; ``more_branches`` are named in the settings but not stored yet."""
    staff: dict[str, frozenset[int]] = {}
    for member in (await load_staff(work.tx, bot_id=work.bot_id)).members.values():
        if member.active:
            for name in {member.name.casefold(), str(member.user_id)}:
                staff[name] = staff.get(name, frozenset()) | {member.id}
    branches = {**(more_branches or {}), **await list_branch_codes(work.tx)}
    return Known(work.rules, work.now, work.now.astimezone(work.rules.zone).date(), branches, staff)
