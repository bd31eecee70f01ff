"""The commands of loyalty: points, rewards, and the segments that say who is meant."""

from typing import Annotated

import typer

from bot.cli_options import Config

points = typer.Typer(help="Loyalty points: one customer's, and whether all add up.", no_args_is_help=True)
rewards = typer.Typer(help="What points can be given for.", no_args_is_help=True)
segments = typer.Typer(help="Rules that say which customers are meant.", no_args_is_help=True)

Expression = Annotated[
    str, typer.Argument(metavar="'EXPR'", help="Such as: tier = gold and last_purchase > 60d. In quotation marks.")
]
SegmentName = Annotated[str, typer.Argument(metavar="NAME", help="The name under which it is saved.")]


@points.command("show")
def points_show(
    who: Annotated[str, typer.Argument(metavar="CODE|ID", help="A member number, or the id of a record.")],
    config: Config = None,
) -> None:
    """Show a customer's balance, lots and newest entries."""
    from bot.commands.points import show

    show(config, who)


@points.command("verify")
def points_verify(config: Config = None) -> None:
    """Reckon all points again from their entries; exit status 1 when something differs."""
    from bot.commands.points import verify

    raise typer.Exit(verify(config))


@points.command("explain")
def points_explain(
    entry: Annotated[str | None, typer.Argument(metavar="[ENTRY]", help="An entry of somebody's account.")] = None,
    amount: Annotated[str | None, typer.Option(help="Or a purchase there might be, such as 123.45.")] = None,
    tier: Annotated[str | None, typer.Option(help="The customer's tier; default: the lowest.")] = None,
    on: Annotated[str | None, typer.Option(help="Its local date; default: today.")] = None,
    first: Annotated[bool, typer.Option("--first", help="It is the customer's first purchase.")] = False,
    config: Config = None,
) -> None:
    """Show step by step how points were reckoned, or would be."""
    from bot.commands.explain import Asked, explain

    explain(config, Asked(entry, amount, tier, on, first))


_Reward = Annotated[str, typer.Argument(metavar="KEY", help="The reward's key.")]


@rewards.command("list")
def rewards_list(config: Config = None) -> None:
    """Show the catalogue: prices, how many are left, and what is on offer."""
    from bot.commands.rewards import show

    show(config)


@rewards.command("stock")
def rewards_stock(
    key: _Reward,
    left: Annotated[str, typer.Argument(metavar="N", help="How many there are now, or endless.")],
    config: Config = None,
) -> None:
    """Say how many pieces of a reward there are now."""
    from bot.commands.rewards import set_stock

    set_stock(config, key, left)


@rewards.command("off")
def rewards_off(key: _Reward, config: Config = None) -> None:
    """Take a reward off the shelf; vouchers issued for it stay good."""
    from bot.commands.rewards import switch

    switch(config, key, active=False)


@rewards.command("on")
def rewards_on(key: _Reward, config: Config = None) -> None:
    """Put a reward back on the shelf."""
    from bot.commands.rewards import switch

    switch(config, key, active=True)


@segments.command("check")
def segments_check(expression: Expression, config: Config = None) -> None:
    """Say whether an expression can be read, and what it means."""
    from bot.commands import segments as commands

    commands.check(config, expression)


@segments.command("preview")
def segments_preview(
    expression: Expression,
    config: Config = None,
    sample: Annotated[int, typer.Option("--sample", min=0, max=1000, help="Name so many.")] = 5,
) -> None:
    """Count whom an expression means now, and name some."""
    from bot.commands import segments as commands

    commands.preview(config, expression, sample)


@segments.command("save")
def segments_save(
    name: SegmentName,
    expression: Expression,
    config: Config = None,
    replace: Annotated[bool, typer.Option("--replace", help="Also when the name is taken.")] = False,
) -> None:
    """Save an expression under a name."""
    from bot.commands import segments as commands

    commands.save(config, name, expression, replace=replace)


@segments.command("list")
def segments_list(config: Config = None) -> None:
    """Show the saved segments."""
    from bot.commands import segments as commands

    commands.show_all(config)


@segments.command("show")
def segments_show(name: SegmentName, config: Config = None) -> None:
    """Show one saved segment, and what it means."""
    from bot.commands import segments as commands

    commands.show(config, name)


@segments.command("delete")
def segments_delete(name: SegmentName, config: Config = None) -> None:
    """Forget a saved segment."""
    from bot.commands import segments as commands

    commands.delete(config, name)
