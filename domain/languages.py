"""The languages carebot speaks and how Telegram's language codes map to them."""

LANGUAGES = ("en", "zh_CN", "zh_TW")
DEFAULT_LANGUAGE = "en"

_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def language_of(code: str | None, *, offered: tuple[str, ...] = LANGUAGES) -> str:
    """Return the offered language nearest to an IETF ``code`` such as ``zh-hant`` or ``en-GB``.

    Chinese is split by script: ``Hant``, TW, HK and MO read Traditional, all else Simplified. Without a match
    the first offered language is returned.
    """
    parts = (code or "").replace("_", "-").lower().split("-")
    wanted = parts[0]
    if wanted == "zh":
        wanted = "zh_TW" if _TRADITIONAL & set(parts[1:]) else "zh_CN"
        if wanted not in offered:
            wanted = next((language for language in offered if language.startswith("zh")), wanted)
    return wanted if wanted in offered else offered[0]
