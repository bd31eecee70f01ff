"""From an outbox row to the call that says it: what the reply keyboard asks for."""

from bot.calls import Address, call_for
from domain.interactions import Content, Kind
from domain.outgoing import Outgoing, Purpose, asking_contact, to_contact
from storage.database import Database
from storage.outbox import add_outgoing, get_row
from tests.handlers.harness import NOON


async def test_a_key_may_share_ones_own_number(database: Database) -> None:
    """Telegram is asked for the contact by the key so marked, and shows it with plain words beside the others."""
    keyboard = ((asking_contact("Share my number"),), ("More", "contact us"))
    message = Outgoing(Purpose.CONVERSATION, to_contact(1), Content(Kind.TEXT, "who?"), keyboard=keyboard)
    async with database.write() as tx:
        row = await get_row(tx, await add_outgoing(tx, message, bot_id=42, now=NOON))
    assert row is not None
    markup = call_for(row, Address(1001)).params["reply_markup"]
    assert markup["keyboard"] == [
        [{"text": "Share my number", "request_contact": True}],
        [{"text": "More"}, {"text": "contact us"}],
    ]
