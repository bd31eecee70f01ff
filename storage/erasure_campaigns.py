"""What becomes of campaigns' traces of a customer who is forgotten."""

from datetime import datetime

from sqlalchemy import delete

from storage.database import Tx
from storage.tables import campaign_optouts


async def erase_optouts(tx: Tx, customer_id: int, _now: datetime) -> None:
    """Delete which occasions the customer did not want to hear of."""
    await tx.execute(delete(campaign_optouts).where(campaign_optouts.c.customer_id == customer_id))
