"""Which share of people is asked: the same ones however often it is reckoned, others on each occasion."""

from hashlib import sha256

WHOLE = 1000
"""A share is in thousandths."""


def is_sampled(seed: str, survey: str, occasion: str, customer_id: int, permille: int) -> bool:
    """Return whether a customer is among the ``permille`` thousandths asked on this occasion (as deliveries name it).

    It depends on nothing else, so that a restart, another replica or a dry run choose the same people.
    """
    if permille >= WHOLE:
        return True
    digest = sha256(f"{seed}|{survey}|{occasion}|{customer_id}".encode()).hexdigest()
    return int(digest[:8], 16) % WHOLE < permille
