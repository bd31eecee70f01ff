"""The command for the days that campaigns hang on."""

from typing import Annotated

import typer

from bot.cli_options import Config


def occasions(
    year: Annotated[int | None, typer.Option(help="The year; default: this one.")] = None,
    region: Annotated[
        str | None, typer.Option(help="The region as ISO 3166, such as CN or TW; default: the configuration's.")
    ] = None,
    language: Annotated[str, typer.Option(help="The names in this language: en, zh_CN or zh_TW.")] = "en",
    config: Config = None,
) -> None:
    """Show the holidays of a year in a region: when each is, whether it is a day off, and its key for campaigns."""
    from bot.commands.occasions import show

    show(config, year, region, language)
