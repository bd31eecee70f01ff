"""Who is held out, who gets which variant, who goes a little later: drawn so that it comes out the same every time.

The draw is a polynomial of degree three over a prime field whose coefficients come from the seed, which makes any four
people's draws independent of each other; it can be reckoned by the database as well as here. Source: M. N. Wegman and
J. L. Carter, New hash functions and their use in authentication and set equality, J. Comput. Syst. Sci. 22 (1981).
"""

from collections.abc import Sequence
from hashlib import sha256

PRIME = 2**31 - 1
"""Small enough that a product of two numbers below it fits in 64 bits."""


def coefficients(seed: str, salt: str) -> tuple[int, int, int, int]:
    """Return the polynomial's coefficients, highest power first, for one draw of one seed."""
    digest = sha256(f"{seed}|{salt}".encode()).digest()
    third, second, first, zeroth = (int.from_bytes(digest[at : at + 8], "big") % PRIME for at in (0, 8, 16, 24))
    return third, second, first, zeroth


def draw(of: int, factors: tuple[int, int, int, int], customer_id: int) -> int:
    """Return a number from 0 to just below ``of`` for a customer."""
    at = customer_id % PRIME
    value = 0
    for factor in factors:
        value = (value * at + factor) % PRIME
    return value % of


def salt_of(campaign: str, occasion: str, what: str) -> str:
    """Return what makes one draw another than that of the next occasion: ``what`` is holdout, variant or jitter."""
    return f"{campaign}|{occasion}|{what}"


def choose(weights: Sequence[int], drawn: int) -> int:
    """Return which of several a draw from 0 to just below the sum of their weights falls on."""
    for nth, weight in enumerate(weights):
        if drawn < weight:
            return nth
        drawn -= weight
    raise ValueError("the draw lies beyond the weights")
