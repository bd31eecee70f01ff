"""Logs to standard error: structured, without people's words, names or the token."""

import logging
import re
import sys
from typing import Any, Literal

import structlog

_TOKEN = re.compile(r"\d{5,20}:[A-Za-z0-9_-]{20,}")


def _hide_tokens(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: _TOKEN.sub("<token>", value) if isinstance(value, str) else value for key, value in event.items()}


class _HideTokens(logging.Filter):
    """On the handler, so that records of every logger pass it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _TOKEN.sub("<token>", record.getMessage())
        record.args = ()
        return True


def configure_logging(*, level: str, form: Literal["console", "json"]) -> None:
    """Set up all logging of the process, that of libraries (from warnings on) included."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hide_tokens,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_HideTokens())
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
