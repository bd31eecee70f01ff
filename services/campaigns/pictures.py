"""Pictures of campaigns: read beside the file, looked at, kept under the hash of their bytes."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from services.campaigns.document import Document, bad_campaign
from services.work import Work
from storage.campaigns import keep_picture

MOST_BYTES = 5 * 1024 * 1024
_HEADS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""How PNG and JPEG begin."""


async def keep_pictures(work: Work, document: Document, *, folder: Path) -> Document:
    """Keep the pictures a document names, which lie in ``folder``; returns it with their keys in place of the names.

    Raises :class:`BadCampaign` for a picture that is not there, none, or too large.
    """
    changed: dict[str, object] = {}
    if document.picture is not None:
        changed["picture"] = await _keep(work, document, "picture", document.picture, folder)
    if any(variant.picture for variant in document.variants):
        changed["variants"] = [
            variant.model_copy(
                update={"picture": await _keep(work, document, f"variants #{nth}.picture", variant.picture, folder)}
            )
            if variant.picture
            else variant
            for nth, variant in enumerate(document.variants, 1)
        ]
    return document.model_copy(update=changed) if changed else document


async def _keep(work: Work, document: Document, place: str, name: str, folder: Path) -> str:
    try:
        path = folder / name
        if not path.is_file():  # to read a pipe would wait for ever
            raise OSError(name)
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        fault = f"{place}: there is no picture {name[:80]} beside the file; look at its name and folder"
        raise bad_campaign(document.name, [fault]) from None
    if len(content) > MOST_BYTES:
        raise bad_campaign(document.name, [f"{place}: {name[:80]} is larger than 5 MB; make it smaller"])
    if not content.startswith(_HEADS):
        raise bad_campaign(document.name, [f"{place}: {name[:80]} is neither JPEG nor PNG; save it as one"])
    key = sha256(content).hexdigest()
    await keep_picture(work.tx, key=key, content=b64encode(content).decode(), now=work.now)
    return key
