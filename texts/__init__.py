"""Every word the bot says, per language, and its renderer."""

from texts.catalogue import Texts

__all__ = ["Texts"]
