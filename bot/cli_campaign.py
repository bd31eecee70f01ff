"""The commands for campaigns."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import Config, Limit

campaign = typer.Typer(
    help="Campaigns: what goes out by itself, to whom, when, and what came of it.", no_args_is_help=True
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="The campaign's key; `carebot campaign list` shows them.")]


@campaign.command("add")
def campaign_add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A campaign as TOML; see docs/campaign-format.md.")],
    config: Config = None,
) -> None:
    """Add a campaign as a draft, or the next version of one; nothing goes out before it is started."""
    from bot.commands.campaign_book import add

    add(config, file)


@campaign.command("list")
def campaign_list(config: Config = None) -> None:
    """Show the campaigns there are, and where each stands."""
    from bot.commands.campaign_book import show_all

    show_all(config)


@campaign.command("show")
def campaign_show(
    key: Key,
    version: Annotated[int | None, typer.Option(min=1, help="An older version.")] = None,
    config: Config = None,
) -> None:
    """Print a campaign as it could be written in a file."""
    from bot.commands.campaign_book import show

    show(config, key, version)


@campaign.command("check")
def campaign_check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Campaigns as TOML.")],
    config: Config = None,
) -> None:
    """Say whether campaigns could be added, and what to mend; nothing is stored."""
    from bot.commands.campaign_book import check

    check(config, files)


@campaign.command("copy")
def campaign_copy(
    key: Key,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The key of the copy.")],
    config: Config = None,
) -> None:
    """Copy a campaign, such as one that came with the program, to a draft of your own."""
    from bot.commands.campaign_book import copy

    copy(config, key, new)


@campaign.command("preview")
def campaign_preview(
    key: Key,
    customer: Annotated[str, typer.Option("--as", metavar="CUSTOMER", help="Whose eyes: a customer's code or number.")],
    variant: Annotated[str | None, typer.Option(help="One of several messages.")] = None,
    config: Config = None,
) -> None:
    """Show the message as one customer would read it now, and whether it would go to them."""
    from bot.commands.campaign_preview import show_preview

    show_preview(config, key, customer, variant)


@campaign.command("dry-run")
def campaign_dry_run(key: Key, config: Config = None) -> None:
    """Try a campaign on everybody: who would get it, who not and why, whose message cannot be written, until when."""
    from bot.commands.campaign_preview import show_dry_run

    show_dry_run(config, key)


Occasion = Annotated[
    str | None, typer.Option("--occasion", metavar="NAME", help="One of its occasions only, such as 2026-12-25.")
]


@campaign.command("watch")
def campaign_watch(
    key: Key,
    occasion: Occasion = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    config: Config = None,
) -> None:
    """Show how far a campaign is, and when it will be through, until it is over; nothing is changed."""
    from bot.commands.campaign_results import watch

    watch(config, key, occasion, once=once)


@campaign.command("results")
def campaign_results(key: Key, occasion: Occasion = None, config: Config = None) -> None:
    """Show what came of a campaign: by message, against those left out, with how sure it is, cost and gain."""
    from bot.commands.campaign_results import show

    show(config, key, occasion)


YesPaid = Annotated[bool, typer.Option("--pay", help="Yes to what paid broadcast costs; it is shown without this.")]


@campaign.command("start")
def campaign_start(
    key: Key,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help='Not now, but at this local time: "2026-12-24 10:00".')
    ] = None,
    pay: YesPaid = False,
    config: Config = None,
) -> None:
    """Let a campaign run; the running bot sends it."""
    from bot.commands.campaign_control import start

    start(config, key, at, pay=pay)


@campaign.command("pause")
def campaign_pause(key: Key, config: Config = None) -> None:
    """Let nothing more of a campaign go out; what waits is taken back, and nobody is lost."""
    from bot.commands.campaign_control import pause

    pause(config, key)


@campaign.command("resume")
def campaign_resume(key: Key, pay: YesPaid = False, config: Config = None) -> None:
    """Let a paused campaign go on; who would be late by now is left out."""
    from bot.commands.campaign_control import resume

    resume(config, key, pay=pay)


@campaign.command("cancel")
def campaign_cancel(key: Key, config: Config = None) -> None:
    """End a campaign for good: who was not told yet is not told."""
    from bot.commands.campaign_control import cancel

    cancel(config, key)


@campaign.command("unknown")
def campaign_unknown(
    key: Key,
    retry: Annotated[list[int] | None, typer.Option("--retry", metavar="ID", help="Send this one again.")] = None,
    assume: Annotated[list[int] | None, typer.Option("--assume", metavar="ID", help="Take it for delivered.")] = None,
    retry_all: Annotated[bool, typer.Option("--retry-all", help="Send all of them again.")] = False,
    assume_all: Annotated[bool, typer.Option("--assume-all", help="Take all of them for delivered.")] = False,
    config: Config = None,
) -> None:
    """List the messages of which nobody knows whether they arrived, and decide about them."""
    from bot.commands.campaign_control import Decision, unknown

    unknown(config, key, Decision(tuple(retry or ()), tuple(assume or ()), retry_all, assume_all))


@campaign.command("new")
def campaign_new(config: Config = None) -> None:
    """Make a campaign by answering questions; it is kept as a draft."""
    from bot.commands.campaign_people import new

    new(config)


@campaign.command("ask")
def campaign_ask(key: Key, config: Config = None) -> None:
    """Ask those who may approve campaigns to look at one."""
    from bot.commands.campaign_people import ask_for

    ask_for(config, key)


@campaign.command("approve")
def campaign_approve(key: Key, config: Config = None) -> None:
    """Approve a campaign that somebody else made, as it is now."""
    from bot.commands.campaign_people import approve

    approve(config, key)


@campaign.command("send-back")
def campaign_send_back(
    key: Key,
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="What should be different.")],
    config: Config = None,
) -> None:
    """Send a campaign back to whoever asked for a look at it."""
    from bot.commands.campaign_people import send_back

    send_back(config, key, reason)


@campaign.command("calendar")
def campaign_calendar(
    month: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="The month; otherwise this one.")] = None,
    language: Annotated[str, typer.Option(help="en, zh_CN or zh_TW.")] = "en",
    picture: Annotated[Path | None, typer.Option("--picture", metavar="FILE", help="Draw it as a PNG instead.")] = None,
    config: Config = None,
) -> None:
    """Show what goes out in a month, with its holidays."""
    from bot.commands.campaign_people import show_calendar

    show_calendar(config, month, language, picture)


@campaign.command("winback")
def campaign_winback(
    why: Annotated[
        str | None, typer.Option("--why", metavar="CAUSE", help="Only fault, price, rival, natural or quiet.")
    ] = None,
    quiet: Annotated[
        int, typer.Option("--quiet", metavar="DAYS", min=1, max=3660, help="Who has not bought for so long stays away.")
    ] = 180,
    limit: Limit = 20,
    config: Config = None,
) -> None:
    """List whom to win back, the most valuable first, why they left, and what to do."""
    from bot.commands.campaign_winback import winback

    winback(config, why, quiet, limit)
