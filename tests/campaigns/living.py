"""What happens to customers in the stories of campaigns and surveys: they buy, and other systems tell of them."""

from datetime import timedelta

from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.events import record_event
from services.purchases import Recorded, record_purchase
from services.work import Person, Work, person_of_contact
from tests.handlers.harness import Town


class Living:
    """A shop in whose town customers live; ``ago`` is as ``timedelta`` takes it, before the town's clock."""

    town: Town

    async def person(self, work: Work, customer_id: int) -> Person:
        """Return a customer in their chat."""
        [contact] = await self.town.rows("contact_points", customer_id=customer_id)
        found = await person_of_contact(work, contact.id)
        assert found is not None
        return found

    async def buys(self, customer_id: int, key: str, **ago: float) -> int:
        """Record a purchase of some time ago."""
        async with self.town.work() as work:
            done = await record_purchase(
                work,
                customer_id,
                source_key=key,
                bought_at=self.town.now - timedelta(**ago),
                amount_minor=1000,
                currency="CNY",
                by=SYSTEM,
            )
            assert isinstance(done, Recorded), done
            return done.purchase.id

    async def hears_of(self, customer_id: int, name: str, **ago: float) -> int:
        """Record an event that another system tells of."""
        async with self.town.work() as work:
            told = await record_event(work, customer_id, name=name, by=SYSTEM, at=self.town.now - timedelta(**ago))
            assert not isinstance(told, Refusal)
            return told.event.id
