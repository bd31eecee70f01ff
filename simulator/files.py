"""Media: file ids, sizes and bytes; what was generated is made anew when it is downloaded."""

from __future__ import annotations

import base64
import itertools
import mimetypes
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from simulator.errors import BadRequest
from simulator.schema import Upload

Json = dict[str, Any]

DOWNLOAD_LIMIT = 20 * 1024 * 1024
UPLOAD_LIMIT = 50 * 1024 * 1024
# A small grey square, a valid JPEG: pictures that people send must open in real programs.
_PICTURE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L"
    "2u71////m8H////6/+b9//j/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAv/EABQQAQAAAAAAAAAAAAAAAAAA"
    "AAD/2gAIAQEAAD8AT//Z"
)


@dataclass(frozen=True, slots=True)
class FileKind:
    """How a kind of media looks: its id's first letters, folder, type and usual properties."""

    prefix: str
    folder: str
    extension: str
    mime_type: str
    usual: tuple[tuple[str, Any], ...] = ()


KINDS = {
    "photo": FileKind("AgAC", "photos", "jpg", "", (("width", 1280), ("height", 960))),
    "video": FileKind("BAAC", "videos", "mp4", "video/mp4", (("width", 640), ("height", 480), ("duration", 5))),
    "animation": FileKind("CgAC", "animations", "mp4", "video/mp4", (("width", 320), ("height", 240), ("duration", 3))),
    "video_note": FileKind("DQAC", "video_notes", "mp4", "", (("length", 240), ("duration", 4))),
    "voice": FileKind("AwAC", "voice", "oga", "audio/ogg", (("duration", 3),)),
    "audio": FileKind("CQAC", "music", "mp3", "audio/mpeg", (("duration", 120),)),
    "document": FileKind("BQAC", "documents", "bin", "application/octet-stream"),
    "sticker": FileKind("CAAC", "stickers", "webp", "", (("width", 512), ("height", 512))),
}
_SMALL_PX = 90
_NAMED = frozenset({"video", "animation", "audio", "document"})
_STICKER_FIELDS: Json = {"is_animated": False, "is_video": False, "type": "regular"}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file Telegram holds; without ``content`` its bytes are made up when asked for."""

    file_id: str
    unique_id: str
    kind: str
    size: int
    path: str
    properties: Json
    content: bytes | None = None
    smaller: StoredFile | None = None

    def as_json(self) -> Json:
        """Return the Bot API object of the file's kind; for a photo, of this one of its sizes."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_size": self.size,
            **self.properties,
        }

    def as_content(self) -> Json:
        """Return the fields that the file gives to the message that carries it."""
        if self.kind == "photo":
            return {"photo": [*([self.smaller.as_json()] if self.smaller else []), self.as_json()]}
        if self.kind == "animation":
            # Telegram repeats an animation as a document, for old programs.
            plain = {k: v for k, v in self.as_json().items() if k not in ("width", "height", "duration")}
            return {"animation": self.as_json(), "document": plain}
        return {self.kind: self.as_json()}

    def read(self) -> bytes:
        """Return the file's bytes, exactly ``size`` of them."""
        if self.content is not None:
            return self.content
        start = _PICTURE if self.kind == "photo" else f"simulated {self.kind} {self.unique_id}\n".encode()
        return start[: self.size] + b"\0" * (self.size - len(start))


class FileStore:
    """All files, the oldest forgotten beyond ``max_files`` or ``max_bytes`` of kept contents."""

    def __init__(self, max_files: int, max_bytes: int) -> None:
        self._max_files, self._max_bytes = max_files, max_bytes
        self._by_id: OrderedDict[str, StoredFile] = OrderedDict()
        self._by_path: dict[str, StoredFile] = {}
        self._held = 0
        self._numbers = itertools.count(1)

    def make(
        self,
        kind: str,
        *,
        content: bytes | None = None,
        size: int | None = None,
        name: str | None = None,
        mime_type: str | None = None,
        properties: Json | None = None,
    ) -> StoredFile:
        """Store a file of a kind and give it its ids; without ``content`` only its size is kept."""
        number, look = next(self._numbers), KINDS[kind]
        own = dict(look.usual) | (properties or {})
        if kind == "sticker":
            own = _STICKER_FIELDS | own
        if look.mime_type:
            guessed = mimetypes.guess_type(name)[0] if name else None
            own["mime_type"] = mime_type or guessed or look.mime_type
        if kind in _NAMED:
            own["file_name"] = name or f"file_{number}.{look.extension}"
        suffix = name.rpartition(".")[2] if name and "." in name else ""
        extension = suffix if suffix.isascii() and suffix.isalnum() else look.extension
        usual_size = len(_PICTURE) if kind == "photo" else 1000 + number % 1000
        stored = StoredFile(
            file_id=f"{look.prefix}AgIAAxk{number:012d}_sim",
            unique_id=f"AQAD{number:010d}",
            kind=kind,
            size=len(content) if content is not None else usual_size if size is None else size,
            path=f"{look.folder}/file_{number}.{extension}",
            properties=own,
            content=content,
            smaller=self._thumbnail(kind, own),
        )
        self._keep(stored)
        return stored

    def _thumbnail(self, kind: str, properties: Json) -> StoredFile | None:
        """Return the small size of a photo, unless this is it."""
        if kind != "photo" or properties["width"] <= _SMALL_PX:
            return None
        return self.make(kind, properties={"width": _SMALL_PX, "height": _SMALL_PX * 3 // 4})

    def _keep(self, stored: StoredFile) -> None:
        self._by_id[stored.file_id] = self._by_path[stored.path] = stored
        self._held += len(stored.content or b"")
        while len(self._by_id) > self._max_files or (self._held > self._max_bytes and len(self._by_id) > 1):
            _, oldest = self._by_id.popitem(last=False)
            del self._by_path[oldest.path]
            self._held -= len(oldest.content or b"")

    def find(self, file_id: str) -> StoredFile | None:
        """Return a file by its id."""
        return self._by_id.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        """Return a file by the path that ``getFile`` gave."""
        return self._by_path.get(path)

    def given(self, kind: str, value: Upload | str, properties: Json | None = None) -> StoredFile:
        """Return the file that a call names by upload, URL or id; raises ``BadRequest`` for a wrong one."""
        if isinstance(value, Upload):
            if not value.content:
                raise BadRequest("file must be non-empty")
            name, mime = value.filename or None, value.mime_type or None
            content = value.content
            return self.make(kind, content=content, name=name, mime_type=mime, properties=properties)
        if value.startswith(("http://", "https://")):
            return self.make(kind, properties=properties)
        known = self._by_id.get(value)
        if known is None:
            raise BadRequest("wrong file identifier/HTTP URL specified")
        if known.kind != kind:
            names = (known.kind.title().replace("_", ""), kind.title().replace("_", ""))
            raise BadRequest(f"can't use file of type {names[0]} as {names[1]}")
        return known
