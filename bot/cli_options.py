"""What the commands of several families take."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The configuration; default: ./carebot.toml.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
