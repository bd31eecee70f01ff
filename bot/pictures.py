"""Pictures for customers. Charts are drawn in a short-lived process, so that their library's memory goes with it."""

import asyncio
import io
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import segno

_ROOT = Path(__file__).resolve().parent.parent
_MODULE_PX = 16
_QUIET_MODULES = 6
"""More than the four modules that scanners ask for: Telegram's rounded corners cut into the edge."""
_drawing = asyncio.Semaphore(1)


class NotDrawn(Exception):
    """The drawing process ended without a picture."""


async def draw_code(recipe: dict[str, Any]) -> bytes:
    """Return the QR code of ``recipe["code"]`` as a PNG."""
    return await asyncio.to_thread(_code_png, str(recipe["code"]))


def _code_png(code: str) -> bytes:
    target = io.BytesIO()
    segno.make(code, error="q", micro=False).save(target, kind="png", scale=_MODULE_PX, border=_QUIET_MODULES)
    return target.getvalue()


async def draw_statement(recipe: dict[str, Any]) -> bytes:
    """Return the chart of a monthly statement as a PNG; see ``bot.charts`` for the recipe. One is drawn at a time."""
    async with _drawing:
        return await _in_child("bot.charts", recipe)


async def draw_survey(recipe: dict[str, Any]) -> bytes:
    """Return the chart of a survey's results as a PNG; see ``bot.charts_surveys`` for the recipe."""
    async with _drawing:
        return await _in_child("bot.charts_surveys", recipe)


async def draw_calendar(recipe: dict[str, Any]) -> bytes:
    """Return the chart of a month of campaigns as a PNG; see ``bot.charts_calendar`` for the recipe."""
    async with _drawing:
        return await _in_child("bot.charts_calendar", recipe)


async def draw_campaign(recipe: dict[str, Any]) -> bytes:
    """Return the chart of a campaign's results as a PNG; see ``bot.charts_campaigns`` for the recipe."""
    async with _drawing:
        return await _in_child("bot.charts_campaigns", recipe)


async def _in_child(module: str, recipe: dict[str, Any]) -> bytes:
    """Return what ``module``, run as a program of its own, makes of ``recipe``. Raises :class:`NotDrawn`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=_ROOT
    )
    try:
        made, errors = await process.communicate(json.dumps(recipe).encode())
    finally:
        if process.returncode is None:  # given up in the middle
            process.kill()
            await process.wait()
    if process.returncode or not made:
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise NotDrawn(f"{module} ended with {process.returncode}: {' '.join(last)[:200]}")
    return made
