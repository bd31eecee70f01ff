"""Groups that are not ours: one line that says where to write, and nothing else, ever."""

from telegram import ChatMemberUpdated
from telegram.constants import ChatType

from domain.languages import language_of
from domain.outgoing import Button, Purpose, to_chat
from handlers.context import CareContext
from handlers.reading import Heard
from services.speech import tell


async def on_message(context: CareContext) -> None:
    """Say where to write to whoever speaks to the bot in a foreign group."""
    heard = context.said
    if not heard.service and not heard.edited and _addresses_us(heard, context.bot_username):
        await _point_to_private_chat(context, chat_id=heard.chat_id, language_code=heard.speaker.language_code)


async def on_added(change: ChatMemberUpdated, context: CareContext) -> None:
    """Say where to write when somebody adds the bot to a foreign group."""
    if change.chat.type in (ChatType.GROUP, ChatType.SUPERGROUP):
        await _point_to_private_chat(context, chat_id=change.chat.id, language_code=change.from_user.language_code)


def _addresses_us(heard: Heard, username: str) -> bool:
    """Return whether this is a command for us (or for every bot), or names us."""
    text, name = heard.content.text.casefold(), f"@{username.casefold()}"
    if heard.command is not None:
        first = text.split(maxsplit=1)[0]
        return "@" not in first or first.endswith(name)
    return name in text


async def _point_to_private_chat(context: CareContext, *, chat_id: int, language_code: str | None) -> None:
    """Queue the one line; a group hears it at most once a day."""
    work = context.work
    language = language_of(language_code, offered=work.rules.languages)
    link = f"https://t.me/{context.bot_username}"
    today = work.now.astimezone(work.rules.zone).date()
    await tell(
        work,
        to_chat(chat_id),
        work.texts.say("stranger.write_privately", language, business=work.rules.business_name, link=link),
        purpose=Purpose.CONVERSATION,
        buttons=((Button(work.texts.button("stranger.button", language), url=link),),),
        dedupe_key=f"stranger:{chat_id}:{today.isoformat()}",
    )
