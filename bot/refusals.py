"""What Telegram's refusals mean, by their texts: Telegram names them nowhere else."""

from enum import Enum, auto

from telegram.error import BadRequest, Forbidden, TelegramError


class Refused(Enum):
    """Why Telegram would not do it."""

    NOT_MODIFIED = auto()
    """It stands there already: as good as done."""
    BLOCKED = auto()
    """The person blocked the bot, left Telegram, or never started it."""
    NO_CHAT = auto()
    """The chat does not exist, or we are no longer in it."""
    NO_RIGHT = auto()
    """We are in the group but may not write there."""
    NO_TOPIC = auto()
    """The topic was deleted."""
    TOPIC_CLOSED = auto()
    """The topic was closed by hand."""
    NO_TOPICS = auto()
    """The group has no topics, or we may not make any."""
    NO_MESSAGE = auto()
    """The message to edit is gone, or too old to be edited."""
    NO_REPLIED = auto()
    """The message to answer is gone."""
    NO_DELETED = auto()
    """The message to delete is gone: as good as done."""
    NO_PARSE = auto()
    """Our formatting was not understood."""
    NO_REACTION = auto()
    """Reactions, or this one, are not allowed there."""
    OTHER = auto()
    """Anything else; it would be refused again."""


# The first that fits counts: narrower texts stand before wider ones.
_TEXTS = (
    ("message is not modified", Refused.NOT_MODIFIED),
    ("bot was blocked", Refused.BLOCKED),
    ("user is deactivated", Refused.BLOCKED),
    ("can't initiate conversation", Refused.BLOCKED),
    ("bot can't send messages to bots", Refused.BLOCKED),
    ("message thread not found", Refused.NO_TOPIC),
    ("topic_deleted", Refused.NO_TOPIC),
    ("topic_id_invalid", Refused.NO_TOPIC),
    ("topic_closed", Refused.TOPIC_CLOSED),
    ("topic_not_modified", Refused.NOT_MODIFIED),
    ("not a forum", Refused.NO_TOPICS),
    ("manage topics", Refused.NO_TOPICS),
    ("not enough rights to create a topic", Refused.NO_TOPICS),
    ("not enough rights to reopen the topic", Refused.OTHER),
    ("not enough rights to close the topic", Refused.OTHER),
    ("message to edit not found", Refused.NO_MESSAGE),
    ("message can't be edited", Refused.NO_MESSAGE),
    ("message to delete not found", Refused.NO_DELETED),
    ("message_id_invalid", Refused.NO_MESSAGE),
    ("message to be replied not found", Refused.NO_REPLIED),
    ("replied message not found", Refused.NO_REPLIED),
    ("can't parse entities", Refused.NO_PARSE),
    ("reaction", Refused.NO_REACTION),
    ("bot was kicked", Refused.NO_CHAT),
    ("bot is not a member", Refused.NO_CHAT),
    ("chat not found", Refused.NO_CHAT),
    ("group chat was deactivated", Refused.NO_CHAT),
    ("peer_id_invalid", Refused.NO_CHAT),
    ("not enough rights", Refused.NO_RIGHT),
    ("have no rights", Refused.NO_RIGHT),
    ("need administrator rights", Refused.NO_RIGHT),
    ("chat_write_forbidden", Refused.NO_RIGHT),
    ("chat_restricted", Refused.NO_RIGHT),
    ("forbidden", Refused.NO_CHAT),
)


def refusal_of(error: TelegramError) -> Refused:
    """Return what a refusal means; an error that is none is ``OTHER``."""
    if not isinstance(error, (BadRequest, Forbidden)):
        return Refused.OTHER
    said = f"{'forbidden: ' if isinstance(error, Forbidden) else ''}{error.message}".lower()
    return next((meaning for text, meaning in _TEXTS if text in said), Refused.OTHER)
