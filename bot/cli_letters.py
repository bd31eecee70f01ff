"""The commands for what could not be handled, and for what nobody knows to have arrived."""

from typing import Annotated

import typer

from bot.cli_options import All, Config, Limit

dead = typer.Typer(help="Updates that could not be handled.", no_args_is_help=True)
unknown = typer.Typer(help="Messages of which nobody knows whether they arrived.", no_args_is_help=True)


@dead.command("list")
def dead_list(config: Config = None, limit: Limit = 50) -> None:
    """Show the newest dead letters."""
    from bot.commands import letters

    letters.dead_list(config, limit)


@dead.command("show")
def dead_show(
    inbox_id: Annotated[int, typer.Argument(metavar="ID")],
    config: Config = None,
    payload: Annotated[bool, typer.Option("--payload", help="With the raw update and its words.")] = False,
) -> None:
    """Show one dead letter."""
    from bot.commands import letters

    letters.dead_show(config, inbox_id, payload=payload)


@dead.command("replay")
def dead_replay(
    inbox_id: Annotated[int | None, typer.Argument(metavar="[ID]")] = None,
    config: Config = None,
    everything: All = False,
) -> None:
    """Handle a dead letter once more, with fresh tries."""
    from bot.commands import letters

    letters.dead_replay(config, inbox_id, everything=everything)


@unknown.command("list")
def unknown_list(config: Config = None, limit: Limit = 50) -> None:
    """Show the oldest unknown deliveries."""
    from bot.commands import letters

    letters.unknown_list(config, limit)


@unknown.command("retry")
def unknown_retry(
    row_id: Annotated[int | None, typer.Argument(metavar="[ID]")] = None, config: Config = None, everything: All = False
) -> None:
    """Send an unknown delivery again; the person may get it twice."""
    from bot.commands import letters

    letters.unknown_retry(config, row_id, everything=everything)


@unknown.command("assume-delivered")
def unknown_assume(
    row_id: Annotated[int | None, typer.Argument(metavar="[ID]")] = None, config: Config = None, everything: All = False
) -> None:
    """Take an unknown delivery for delivered."""
    from bot.commands import letters

    letters.unknown_assume(config, row_id, everything=everything)
