"""The Bot API methods, one module a family; importing this package registers them all."""

from simulator.methods import (
    account,
    chats,
    copying,
    editing,
    intake,
    media,
    sending,
    topics,
)
from simulator.methods.registry import METHODS, Call

__all__ = [
    "METHODS",
    "Call",
    "account",
    "chats",
    "copying",
    "editing",
    "intake",
    "media",
    "sending",
    "topics",
]
