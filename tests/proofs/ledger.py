"""What must hold after a storm: the database against the simulator's own record of what was said."""

import csv
import io
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Self

from domain.interactions import Kind
from domain.words import storable
from storage.outbox import OutboxRow
from tests.e2e.town import TOKEN, Json, Town
from tests.proofs.commits import order_of_commits
from tests.proofs.crowd import Crowd
from texts.catalogue import plain

_SAID = ("send", "album")
_OVERTAKEN = ("taken", "said already")
"""Why something is no longer worth saying: what it asked for was done, or a new view says the same."""


class Ledger:
    """Everything the database and the world remember, read once; ``faults`` says what does not fit."""

    NAMES: tuple[str, ...] = (
        *("inbox", "interactions", "outbox", "deliveries", "dialogues", "cases", "audit", "contact_points"),
        "feedback_words",
    )

    def __init__(
        self, town: Town, crowd: Crowd, tables: dict[str, list[Any]], exported: str, commits: dict[int, int]
    ) -> None:
        self.town = town
        self.crowd = crowd
        self.tables = tables
        self.commits = commits
        self.exported = exported
        self.updates: dict[int, Json] = dict(town.world.bot(TOKEN).queue._past)
        self.by_update: dict[int, list[Any]] = {}
        for row in tables["interactions"]:
            if row.update_id is not None:
                self.by_update.setdefault(row.update_id, []).append(row)
        self._chats: dict[int, dict[int, Json]] = {}

    @classmethod
    async def read(cls, town: Town, crowd: Crowd, exported: str) -> Self:
        """Read all tables that are checked."""
        tables = {name: await town.rows(name) for name in cls.NAMES}
        return cls(town, crowd, tables, exported, await order_of_commits(town.url))

    def faults(self) -> list[str]:
        """Return every broken promise in words; empty when all hold."""
        return [
            *self._each_update_handled_once(),
            *self._everything_said_is_on_record(),
            *self._staff_words_are_on_record(),
            *self._nothing_is_left_open(),
            *self._every_row_stands_in_its_chat(),
            *self._order_is_kept(),
            *self._no_birthday_twice(),
            *self._cases_are_whole(),
            *self._dialogues_are_whole(),
            *self._the_export_is_complete(),
        ]

    def figures(self) -> Json:
        """Return what happened, in numbers."""
        rows = self.tables["outbox"]
        sent = [row for row in rows if row.state == "sent"]
        return {
            "updates": len(self.updates),
            "replies": sum(row.purpose in ("conversation", "promise", "staff_answer") for row in sent),
            "to staff": sum(row.lane == 1 for row in sent),
            "cases": len(self.tables["cases"]),
            "said again": sum(max(0, row.attempts - 1) for row in sent),
            "birthdays sent": sum(row.state == "sent" for row in rows if row.purpose == "campaign"),
            "unknown": sum(row.state == "unknown" for row in rows),
        }

    def _chat(self, chat_id: int) -> dict[int, Json]:
        if chat_id not in self._chats:
            self._chats[chat_id] = {message["id"]: message for message in self.town.world.messages(chat_id)}
        return self._chats[chat_id]

    def _each_update_handled_once(self) -> Iterator[str]:
        stored = Counter(row.update_id for row in self.tables["inbox"])
        for update_id in self.updates:
            if stored[update_id] != 1:
                yield f"update {update_id} stands {stored[update_id]} times in the inbox"
        yield from (f"update {each} was never sent" for each in stored.keys() - self.updates.keys())
        for row in self.tables["inbox"]:
            if row.state != "done":
                yield f"update {row.update_id} is {row.state}: {row.error}"

    def _everything_said_is_on_record(self) -> Iterator[str]:
        staff = {member.id for member in self.town.staff}
        for update_id, update in self.updates.items():
            if (expected := _private_words(update)) is None or _speaker(update) in staff:
                continue
            found = self.by_update.get(update_id, [])
            if len(found) != 1:
                yield f"update {update_id} has {len(found)} interactions"
            elif expected != found[0].text and found[0].kind not in (Kind.LOCATION, Kind.CONTACT):
                yield f"update {update_id}: {expected!r} became {found[0].text!r}"

    def _staff_words_are_on_record(self) -> Iterator[str]:
        """Each is on record once, also what was refused aloud because the case is closed."""
        for update_id, update in self.updates.items():
            message = update.get("message", {})
            if message.get("chat", {}).get("id", 0) > 0 or " says number " not in message.get("text", ""):
                continue
            found = self.by_update.get(update_id, [])
            if len(found) != 1 or message["text"].removeprefix("// ") != found[0].text:
                yield f"staff's update {update_id} is on record as {[row.text for row in found]}"

    def _nothing_is_left_open(self) -> Iterator[str]:
        for row in self.tables["outbox"]:
            if row.state == "unknown" and row.on_unknown == "list":
                continue
            if row.state == "dropped" and row.error in _OVERTAKEN:
                continue
            if row.state != "sent":
                yield f"row {row.id} ({row.purpose}, {row.action}, {row.chat_key}) is {row.state}: {row.error}"

    def _every_row_stands_in_its_chat(self) -> Iterator[str]:
        for row in self.tables["outbox"]:
            if row.state != "sent" or row.action not in (*_SAID, "edit"):
                continue
            message = self._chat(row.sent_chat_id).get(row.message_id) if row.sent_chat_id else None
            if message is None or not message["from_bot"]:
                yield f"row {row.id} ({row.purpose}) says it is message {row.message_id}, which is not there"
            elif row.target_kind == "card":
                continue  # it is made anew when it is sent, and shows what is known by then
            elif row.action == "send" and not message["edited"] and _reads_otherwise(row, message):
                yield f"row {row.id}: {_text(row)!r} reads {_read(message)!r}"

    def _order_is_kept(self) -> Iterator[str]:
        """Within one chat and lane what was stored first was said first.

        Of what two transactions stored at once neither was first: one row is before another when both its key was
        handed out and its transaction was committed before.
        """
        said: dict[tuple[str, int], list[Any]] = {}
        for row in self.tables["outbox"]:
            if row.state == "sent" and row.action in _SAID and row.target_kind != "card":
                said.setdefault((row.chat_key, row.lane), []).append(row)
        for rows in said.values():
            yield from self._said_too_early(rows)

    def _said_too_early(self, rows: list[Any]) -> Iterator[str]:
        latest: list[tuple[int, int, Any]] = []  # by commit: what no row committed earlier was said later than
        for row in rows:
            commit = self.commits.get(row.id, 0) if self.commits else row.id
            at = bisect_left(latest, commit, key=itemgetter(0))
            if at and latest[at - 1][1] > row.message_id:
                before = latest[at - 1][2]
                yield f"{_named(row)} was said as {row.message_id}, before {_named(before)} as {before.message_id}"
                continue
            beaten = at
            while beaten < len(latest) and latest[beaten][1] < row.message_id:
                beaten += 1
            latest[at:beaten] = [(commit, row.message_id, row)]

    def _no_birthday_twice(self) -> Iterator[str]:
        chats = {row.id: row.chat_id for row in self.tables["contact_points"]}
        greetings = [row for row in self.tables["outbox"] if row.purpose == "campaign"]
        for row in greetings:
            heard = sum(_read(message) == _text(row) for message in self._chat(chats[row.target_ref]).values())
            if heard > 1 or (row.state == "sent" and heard != 1):
                yield f"the greeting {row.id} is {row.state} and was heard {heard} times"
        twice = [who for who, count in Counter(row.target_ref for row in greetings).items() if count > 1]
        yield from (f"contact {who} has more than one greeting" for who in twice)
        for delivery in self.tables["deliveries"]:
            if delivery.state not in ("sent", "unknown"):
                yield f"delivery {delivery.id} is {delivery.state}: {delivery.reason}"

    def _cases_are_whole(self) -> Iterator[str]:
        numbers = sorted(case.number for case in self.tables["cases"])
        if numbers != list(range(1001, 1001 + len(numbers))):
            yield f"the case numbers have holes: {numbers}"
        taken = Counter(row.subject_id for row in self.tables["audit"] if row.action == "case.take")
        yield from (f"case {case} was taken {count} times" for case, count in taken.items() if count > 1)

    def _dialogues_are_whole(self) -> Iterator[str]:
        customers = {row.id: row.customer_id for row in self.tables["interactions"]}
        owners = {row.id: row.customer_id for row in self.tables["contact_points"]}
        for row in self.tables["dialogues"]:
            said = row.data.get("said", [])
            if any(customers.get(each) != owners[row.contact_point_id] for each in said):
                yield f"the dialogue of contact {row.contact_point_id} holds words that are not its person's"
            if said and row.name in ("draft", "complaint"):
                yield f"words wait for ever in the {row.name} of contact {row.contact_point_id}"

    def _the_export_is_complete(self) -> Iterator[str]:
        rows = list(csv.DictReader(io.StringIO(self.exported)))
        if len(rows) != len(self.tables["interactions"]):
            yield f"{len(rows)} rows are exported, {len(self.tables['interactions'])} things were said"
        exported = Counter(row["update_id"] for row in rows if row["update_id"])
        if exported != Counter(str(update_id) for update_id in self.by_update):
            yield "the update ids of the export are not those of the record"


def _private_words(update: Json) -> str | None:
    """Return what a person's private update says, ``None`` when it is none that is recorded."""
    said = update.get("message") or update.get("edited_message")
    if said is not None and said["chat"]["id"] > 0:
        return storable(said.get("text") or said.get("caption") or "")
    tap = update.get("callback_query")
    if tap is not None and tap["message"]["chat"]["id"] > 0:
        return str(tap["data"])
    reaction = update.get("message_reaction")
    if reaction is not None and reaction["chat"]["id"] > 0:
        return "".join(each["emoji"] for each in reaction["new_reaction"])
    return None


def _speaker(update: Json) -> int:
    """Return who sent a private update."""
    body = update.get("message") or update.get("edited_message") or update.get("callback_query") or {}
    return int(body.get("from", {}).get("id", 0))


def _text(row: OutboxRow) -> str:
    body = row.body or {}
    text = str(body.get("content", {}).get("text", ""))
    return plain(text) if body.get("html") else text


def _named(row: Any) -> str:
    return f"row {row.id} ({row.purpose}, to {row.chat_key}, stored {row.created_at:%H:%M:%S.%f})"


def _reads_otherwise(row: OutboxRow, message: Json) -> bool:
    """Return whether the words of a row are not those of its message; a place or contact has none in a chat."""
    wordless = message["kind"] in (Kind.LOCATION, Kind.CONTACT, Kind.VENUE)
    return not wordless and _text(row) != _read(message)


def _read(message: Json) -> str:
    return str(message["text"] or message["caption"] or "")
