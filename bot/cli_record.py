"""The commands of the customer record: brought in, found, changed, given out and forgotten."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import Config, Limit

imports = typer.Typer(help="Bring in what another system knows.", no_args_is_help=True)
customers = typer.Typer(help="Customers' records: found, shown, changed, linked and merged.", no_args_is_help=True)
erasures = typer.Typer(help="Who was forgotten, and forgetting again after a restore.", no_args_is_help=True)


ImportFile = Annotated[Path, typer.Argument(metavar="FILE.csv", help="With a head line; see docs/imports.md.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would become of each line, store nothing.")]
Encoding = Annotated[str | None, typer.Option(help="The file's encoding; default: UTF-8, else GB18030.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="COLUMN=HEADER", help="Which column of the file is which; may be repeated."),
]


@imports.command("customers")
def import_customers(
    file: ImportFile, config: Config = None, dry_run: DryRun = False, encoding: Encoding = None, column: Columns = None
) -> None:
    """Import customers from CSV; the same file twice changes nothing. Exit status 1 when a line was bad."""
    from bot.commands.imports import Given, import_file

    raise typer.Exit(import_file(config, Given("customers", file, encoding, tuple(column or ()), dry_run)))


@imports.command("purchases")
def import_purchases(
    file: ImportFile,
    config: Config = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    column: Columns = None,
    no_points: Annotated[
        bool, typer.Option("--no-points", help="For the past: nothing is earned, nobody is written to.")
    ] = False,
) -> None:
    """Import purchases from CSV, with their points by the rules; the same file twice changes nothing."""
    from bot.commands.imports import Given, import_file

    raise typer.Exit(
        import_file(config, Given("purchases", file, encoding, tuple(column or ()), dry_run, no_points=no_points))
    )


@imports.command("points")
def import_points(
    file: ImportFile, config: Config = None, dry_run: DryRun = False, encoding: Encoding = None, column: Columns = None
) -> None:
    """Import points, such as opening balances, from CSV; the same file twice changes nothing."""
    from bot.commands.imports import Given, import_file

    raise typer.Exit(import_file(config, Given("points", file, encoding, tuple(column or ()), dry_run)))


_Code = Annotated[str, typer.Argument(metavar="CODE", help="The member number.")]


@customers.command("find")
def customers_find(
    text: Annotated[str, typer.Argument(help="A code, telephone number, import key, or part of a name.")],
    config: Config = None,
    limit: Limit = 20,
) -> None:
    """Find customers."""
    from bot.commands import customers as commands

    commands.find(config, text, limit)


@customers.command("show")
def customers_show(
    code: _Code,
    config: Config = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most so many events.")] = 30,
    before: Annotated[str | None, typer.Option(metavar="PLACE", help="Go on where the last page ended.")] = None,
) -> None:
    """Show one customer's record and everything that happened with them, newest first."""
    from bot.commands import customers as commands

    commands.show(config, code, limit, before)


@customers.command("edit")
def customers_edit(
    code: _Code,
    config: Config = None,
    name: Annotated[str | None, typer.Option(help="The full name.")] = None,
    call_name: Annotated[str | None, typer.Option(help="How this person likes to be addressed.")] = None,
    phone: Annotated[str | None, typer.Option(help="A telephone number, in any spelling.")] = None,
    language: Annotated[str | None, typer.Option(help="One of the business's languages.")] = None,
    zone: Annotated[str | None, typer.Option(help="An IANA zone or a city.")] = None,
    birthday: Annotated[str | None, typer.Option(help="Such as 1990-08-03 or 'lunar 8-15'.")] = None,
    preferences: Annotated[str | None, typer.Option(help="What is good to know.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="USER_ID", help="Who looks after this person.")] = None,
    branch: Annotated[str | None, typer.Option(metavar="BRANCH", help="The branch's code.")] = None,
    lost: Annotated[str | None, typer.Option(metavar="REASON", help="Why this is no customer any more.")] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field of your own.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Add a tag.")] = None,
    untag: Annotated[list[str] | None, typer.Option("--untag", help="Take a tag away.")] = None,
    note: Annotated[str | None, typer.Option(help="Append a note that only staff read.")] = None,
) -> None:
    """Change a customer's record; an empty value ('') empties a field."""
    from bot.commands import customers as commands

    lists = (tuple(field or ()), tuple(tag or ()), tuple(untag or ()))
    plain = (name, call_name, phone, language, zone, birthday, preferences, owner, branch, lost)
    commands.edit(config, code, commands.Edit(*plain, *lists, note))


@customers.command("link")
def customers_link(code: _Code, config: Config = None) -> None:
    """Make a one-time link by which a customer's chat finds their record."""
    from bot.commands import customers as commands

    commands.link(config, code)


@customers.command("merge")
def customers_merge(
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The code of the record that stays.")],
    duplicate: Annotated[str, typer.Argument(metavar="DUPLICATE", help="The code of the one that goes into it.")],
    config: Config = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the audit.")] = None,
) -> None:
    """Merge two records of one person: everything of the duplicate moves to the one that stays."""
    from bot.commands import customers as commands

    commands.merge(config, keep, duplicate, reason)


def my_data(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The member number.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.json", help="Where to write it.")],
    config: Config = None,
) -> None:
    """Write everything kept about one customer to a file."""
    from bot.commands import privacy

    privacy.mydata(config, code, out)


def forget(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The member number.")],
    config: Config = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Forget one customer everywhere, for good."""
    from bot.commands import privacy

    privacy.forget(config, code, yes=yes)


@erasures.command("list")
def erasures_list(config: Config = None) -> None:
    """Show who was forgotten and when, to be kept beside the backups."""
    from bot.commands import privacy

    privacy.show_erasures(config)


@erasures.command("replay")
def erasures_replay(
    config: Config = None,
    also: Annotated[
        Path | None, typer.Option("--also", metavar="FILE", help="What `erasures list` printed after the backup.")
    ] = None,
) -> None:
    """Forget again whoever a restored backup brought back."""
    from bot.commands import privacy

    privacy.replay(config, also)
