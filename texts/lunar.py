"""Days of the Chinese calendar as people read them in their language."""

from domain.lunar import LunarDay
from texts.catalogue import Texts


def lunar_in_words(day: LunarDay, texts: Texts, language: str) -> str:
    """Return a lunar day: "lunar 8/15", "八月十五"; of a leap month "lunar leap 6/1", "闰六月初一"."""
    months = texts.button("occasions.lunar.months", language).split()
    days = texts.button("occasions.lunar.days", language).split()
    key = "occasions.lunar.leap" if day.leap else "occasions.lunar.plain"
    return texts.button(key, language, month=months[day.month - 1], day=days[day.day - 1])
