"""``carebot api openapi``: the description of the REST API."""

import json
import sys
from pathlib import Path

from console.api.application import describe
from domain.errors import BadInput


def write_openapi(out: Path | None) -> None:
    """Write the description of the REST API as JSON, to ``out`` or to standard output."""
    text = json.dumps(describe(), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise BadInput(f"--out: {out} cannot be written: {(error.strerror or 'error').lower()}") from None
