"""Whom a line of purchases or points is about: an imported id, a member code, or a number only one person has."""

from collections.abc import Iterable

from domain.codes import read_code
from domain.phones import read_phone
from services.imports.columns import Wrong
from services.work import Work
from storage import imports as rows

_UNKNOWN = "is no customer; import customers first, or write the id, member code or phone of one"
_SHARED = "is the number of more than one customer; write the id or member code instead"
_FORGOTTEN = "was forgotten at their own wish; take the line out"


class People:
    """The customers that some lines are about, merges followed; asked for all lines at once."""

    def __init__(self, found: dict[str, int | str]) -> None:
        self._found = found

    @property
    def ids(self) -> list[int]:
        """Everybody found, in the order in which records are locked."""
        return sorted({found for found in self._found.values() if isinstance(found, int)})

    def one(self, cell: str) -> int:
        """Return the customer a cell names. Raises :class:`Wrong`."""
        found = self._found[cell]
        if isinstance(found, str):
            raise Wrong(found, "customer")
        return found


async def look_up(work: Work, names: Iterable[str], *, lock: bool = False) -> People:
    """Return the customers behind ``names``: each an imported id, else a member code, else a telephone number.

    With ``lock`` none of them can be merged away or forgotten until the end of the transaction.
    """
    wanted = list(dict.fromkeys(names))
    while True:
        people = People(await _find(work, wanted))
        if not lock or await rows.lock_living(work.tx, people.ids):
            return people


async def _find(work: Work, wanted: list[str]) -> dict[str, int | str]:
    by_key = await rows.find_by_keys(work.tx, wanted)
    left = [name for name in wanted if name not in by_key]
    codes = {name: read_code(name) for name in left}
    by_code = await rows.find_by_codes(work.tx, list(codes.values()))
    left = [name for name in left if codes[name] not in by_code]
    region = work.rules.record.phone_region
    phones = {name: number for name in left if (number := read_phone(name, region=region))}
    by_phone = await rows.find_by_phones(work.tx, list(phones.values()))
    found: dict[str, int | str] = {}
    for name in wanted:
        if record := by_key.get(name) or by_code.get(codes.get(name, "")):
            found[name] = _FORGOTTEN if record.erased else record.id
        else:
            several = by_phone.get(phones.get(name, ""), ())
            found[name] = several[0] if len(several) == 1 else _SHARED if several else _UNKNOWN
    return found
