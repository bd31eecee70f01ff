"""A member of staff in the private chat with the bot, beside the group: what is written there, and who reads what."""

from dataclasses import dataclass

from domain.outgoing import Action, TargetKind
from tests.handlers.harness import Json, Said
from tests.handlers.staff.desk import Desk


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one deed, parted by who reads it: the customer, staff in private by id, the group, and signs."""

    customer: list[str]
    private: dict[int, list[Said]]
    group: list[Said]
    signs: list[Said]

    def told(self, member_id: int) -> str:
        """Return all words queued for one member's private chat."""
        return "\n".join(said.text for said in self.private.get(member_id, []))

    @property
    def told_group(self) -> str:
        """Return all words queued for the group, the card too."""
        return "\n".join(said.text for said in self.group)


def parted(said: list[Said]) -> Read:
    """Part what was queued by who will read it."""
    private: dict[int, list[Said]] = {}
    words = [one for one in said if one.action not in (Action.REACT, Action.COMMANDS, Action.DELETE)]
    for one in words:
        if one.target[0] is TargetKind.MEMBER:
            private.setdefault(one.target[1], []).append(one)
    return Read(
        [one.text for one in words if one.target[0] is TargetKind.CONTACT],
        private,
        [one for one in words if one.target[0] not in (TargetKind.CONTACT, TargetKind.MEMBER)],
        [one for one in said if one.action in (Action.REACT, Action.DELETE)],
    )


class Alone:
    """One member of staff in private."""

    def __init__(self, desk: Desk, user_id: int, name: str) -> None:
        self.desk = desk
        self.chat = desk.town.chat(user_id, name)

    async def id(self) -> int:
        """Return the member's id."""
        rows = await self.desk.town.rows("staff_members", user_id=self.chat.id)
        return int(rows[0].id)

    async def row(self) -> Json:
        """Return the member as stored."""
        return dict((await self.desk.town.rows("staff_members", user_id=self.chat.id))[0]._mapping)

    async def writes(self, text: str, *, reply_to: int | None = None) -> Read:
        """Let the member write words or a command."""
        parts: Json = {"text": text}
        if text.startswith("/") and text[1:2].isalpha():
            parts["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        if reply_to is not None:
            chat = {"id": self.chat.id, "type": "private"}
            parts["reply_to_message"] = {"message_id": reply_to, "date": 1, "chat": chat}
        return parted(await self.desk.town.update(message=self.chat.message(**parts)))

    async def edits(self, message_id: int, text: str) -> Read:
        """Let the member change what they wrote."""
        raw = {**self.chat.message(text=text), "message_id": message_id, "edit_date": 2}
        return parted(await self.desk.town.update(edited_message=raw))

    async def taps(self, data: str) -> Read:
        """Let the member press a button in the private chat."""
        chat = {"id": self.chat.id, "type": "private"}
        message = {"message_id": 1, "date": 1, "chat": chat, "text": "…"}
        query = {"id": "q", "from": self.chat.user, "chat_instance": "1", "data": data, "message": message}
        return parted(await self.desk.town.update(callback_query=query))
