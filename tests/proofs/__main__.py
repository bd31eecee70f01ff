"""``python -m tests.proofs [NAME]``: list the proofs, or run one; exit status 0 only when it holds."""

import sys
from collections.abc import Callable

from tests.proofs import campaigns, desk, foundation, loyalty, surveys

PROOFS: dict[str, tuple[str, Callable[[], bool]]] = {
    "foundation": ("killed at random moments under load, nothing is lost, doubled or silent", foundation.prove),
    "desk": (
        "three weeks of a shop as counted by hand; killed, no case is claimed twice, no escalation missed",
        desk.prove,
    ),
    "loyalty": ("points are never lost, doubled or negative, whatever happens at the same time", loyalty.prove),
    "campaigns": (
        "a year of campaigns as counted by hand; killed while one goes out, nobody is told twice or lost",
        campaigns.prove,
    ),
    "surveys": ("a quarter of surveys that compete for one budget, as counted by hand", surveys.prove),
}


def main(arguments: list[str]) -> int:
    """Run the named proof, or print which there are."""
    if not arguments:
        for name, (promise, _) in PROOFS.items():
            print(f"{name:<12} {promise}")
        return 0
    if arguments[0] not in PROOFS:
        print(f"there is no proof {arguments[0]!r}; there are: {', '.join(PROOFS)}", file=sys.stderr)
        return 2
    _, prove = PROOFS[arguments[0]]
    return 0 if prove() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
