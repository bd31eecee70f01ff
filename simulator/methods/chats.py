"""Methods that tell about chats and their members."""

from __future__ import annotations

from typing import Any

from simulator.access import find_chat
from simulator.errors import BadRequest
from simulator.groups import change_member
from simulator.members import member_json
from simulator.methods.registry import Call, api_method
from simulator.model import Json
from simulator.posting import without_reply

_COMMON: Json = {
    "accent_color_id": 0,
    "max_reaction_count": 11,
    "accepted_gift_types": {
        "unlimited_gifts": False,
        "limited_gifts": False,
        "unique_gifts": False,
        "premium_subscription": False,
        "gifts_from_channels": False,
    },
}


@api_method("getChat")
def get_chat(call: Call) -> Any:
    """Tell what a chat is."""
    chat = call.chat()
    full: Json = {**chat.as_json(), **_COMMON}
    pinned = [message for message in chat.messages.values() if message.pinned]
    if pinned:
        full["pinned_message"] = without_reply(pinned[-1].body)
    if chat.person is not None and chat.person.username:
        full["active_usernames"] = [chat.person.username]
    return full


@api_method("getChatMember")
def get_chat_member(call: Call) -> Any:
    """Tell what somebody is in a chat."""
    chat, user_id = call.chat(), call.params["user_id"]
    user = call.state.user_json(user_id)
    if user is None:
        raise BadRequest("invalid user_id specified")
    if chat.is_private:
        if user_id not in (chat.id, call.bot.id):
            raise BadRequest("member not found")
        return {"status": "member", "user": user}
    return member_json(chat.member(user_id), user)


@api_method("getChatAdministrators")
def get_chat_administrators(call: Call) -> Any:
    """List the administrators; other bots only when ``return_bots`` asks for them."""
    chat = call.chat()
    if chat.is_private:
        raise BadRequest("there are no administrators in the private chat")
    found = []
    for member in chat.members.values():
        user = call.state.user_json(member.user_id)
        if not member.is_admin or user is None:
            continue
        if user["is_bot"] and user["id"] != call.bot.id and not call.get("return_bots"):
            continue
        found.append(member_json(member, user))
    return found


@api_method("getChatMemberCount")
def get_chat_member_count(call: Call) -> Any:
    """Count the members."""
    chat = call.chat()
    return 2 if chat.is_private else sum(member.present for member in chat.members.values())


@api_method("leaveChat")
def leave_chat(call: Call) -> Any:
    """Leave a group."""
    chat = find_chat(call.state, call.bot, call.params["chat_id"])
    if chat.is_private:
        raise BadRequest("chat member status can't be changed in private chats")
    change_member(call.state, chat, call.bot, "left", by=call.bot)
    return True
