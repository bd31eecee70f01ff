"""The command line. What a command needs is imported when it is given, so that help comes at once."""

import gc
import sys
from enum import StrEnum
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from pathlib import Path
from typing import Annotated

import typer

from bot import cli_access, cli_campaign, cli_letters, cli_loyalty, cli_occasions, cli_record, cli_staff, cli_survey
from bot.cli_options import Config, Limit
from domain.errors import BadInput, CarebotError

app = typer.Typer(
    name="carebot",
    help="A customer-care bot for Telegram: nothing a customer says is lost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(cli_record.imports, name="import")
app.add_typer(cli_access.api, name="api")
app.add_typer(cli_access.webhook, name="webhook")
app.add_typer(cli_loyalty.points, name="points")
app.add_typer(cli_record.customers, name="customers")
app.add_typer(cli_loyalty.segments, name="segments")
app.add_typer(cli_record.erasures, name="erasures")
app.add_typer(cli_loyalty.rewards, name="rewards")
app.add_typer(cli_staff.staff, name="staff")
app.add_typer(cli_survey.survey, name="survey")
app.add_typer(cli_campaign.campaign, name="campaign")
app.add_typer(cli_letters.dead, name="dead")
app.add_typer(cli_letters.unknown, name="unknown")


class Rows(StrEnum):
    """What can be exported."""

    INTERACTIONS = "interactions"
    CASES = "cases"
    FEEDBACK = "feedback"


class Format(StrEnum):
    """In which form."""

    CSV = "csv"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"carebot {version('carebot')}")
        raise typer.Exit


@app.callback()
def _carebot(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def init(
    config: Config = None,
    token: Annotated[str | None, typer.Option(help="The bot's token, from @BotFather.")] = None,
    name: Annotated[str | None, typer.Option(help="The name of the business.")] = None,
    zone: Annotated[str | None, typer.Option(help="Its IANA time zone; default: this machine's.")] = None,
    languages: Annotated[str | None, typer.Option(help="Languages with commas, the main one first.")] = None,
    group: Annotated[str | None, typer.Option(help="The staff group's id (negative).")] = None,
    member: Annotated[str | None, typer.Option(help="A first member of staff, as ID:NAME or ID:NAME:ROLE.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Ask what must be known and write a configuration."""
    from bot.initialise import Answers, initialise

    path = initialise(config, Answers(token, name, zone, languages, group, member), yes=yes, force=force)
    print(f"wrote {path}; next: `carebot check --config {path}`, then `carebot run --config {path}`")


@app.command()
def run(config: Config = None) -> None:
    """Run the bot until SIGTERM or Ctrl-C."""
    from bot.app import run_until_stopped
    from bot.settings_file import load_settings
    from storage.opening import clear_errors, make_file

    settings = load_settings(config)
    with clear_errors():
        make_file(settings.storage.url)
        run_until_stopped(settings)


@app.command()
def demo(
    tour: Annotated[bool, typer.Option("--tour", help="Play the tour quickly and check every step.")] = False,
) -> None:
    """Show the whole bot without a token or network."""
    from bot.demo import run_demo

    raise typer.Exit(run_demo(tour))


@app.command()
def check(config: Config = None) -> None:
    """Look at everything that could keep the bot from serving; exit status 2 when something does."""
    from bot.commands.operating import check as run_check

    raise typer.Exit(run_check(config))


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to this program's schema."""
    from bot.commands.operating import migrate as run_migrate

    run_migrate(config)


@app.command()
def export(
    what: Annotated[Rows, typer.Argument(help="What to export.")],
    config: Config = None,
    since: Annotated[str | None, typer.Option(help="From this local date or ISO instant on.")] = None,
    until: Annotated[str | None, typer.Option(help="Until the end of this local date, or before this instant.")] = None,
    form: Annotated[Format, typer.Option("--format", help="The form.")] = Format.CSV,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to a file, not to standard output.")] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Begin with a byte order mark, which Excel wants.")] = False,
    confidential: Annotated[bool, typer.Option("--confidential", help="Complaints about staff too.")] = False,
) -> None:
    """Write everything said, every case or all feedback as CSV that no spreadsheet executes."""
    from bot.commands.review import export as run_export

    assert form is Format.CSV
    run_export(config, what.value, since, until, out, bom, confidential)


@app.command()
def digest(config: Config = None) -> None:
    """Say how the desk stands now and which cases press most."""
    from bot.commands.digest import digest as print_digest

    print_digest(config)


@app.command()
def figures(
    config: Config = None,
    since: Annotated[str | None, typer.Option(help="From this local date or ISO instant on.")] = None,
    until: Annotated[str | None, typer.Option(help="Until the end of this local date, or before this instant.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For other programs.")] = False,
) -> None:
    """Show how fast and how well the desk worked: answers in time, solutions, escalations, satisfaction."""
    from bot.commands.figures import figures as print_figures

    print_figures(config, since, until, as_json)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words; all of them must be there. Chinese needs no spaces.")],
    config: Config = None,
    limit: Limit = 20,
) -> None:
    """Find what people said."""
    from bot.commands.review import search as run_search

    run_search(config, query, limit)


app.command()(cli_occasions.occasions)
app.command("mydata")(cli_record.my_data)
app.command()(cli_record.forget)


@app.command()
def simulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8081,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    token: Annotated[str | None, typer.Option(help="The token of its bot; default: it makes one.")] = None,
    limits: Annotated[bool, typer.Option("--limits", help="Refuse too fast calls as Telegram does.")] = False,
) -> None:
    """Serve a Telegram Bot API of this machine's own, for trying any bot."""
    from simulator.http import run as serve

    try:
        serve(port, token=token, limits=limits, host=host)
    except ValueError as error:
        raise BadInput(f"--host: {error}") from None
    except OSError as error:
        if error.errno not in (EADDRINUSE, EACCES, EADDRNOTAVAIL):
            raise
        raise BadInput(f"--port: {port} on {host} cannot be had; name another, or --port 0 for any free one") from None


_YOUNGEST = 50_000
"""After so many new objects the collector looks: what is imported stays, and looking at it took a tenth of a start."""


def main() -> None:
    """Run the command line; an error of ours is one line a problem on standard error, and exit status 2."""
    gc.set_threshold(_YOUNGEST)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except CarebotError as error:
        for line in str(error).splitlines():
            print(f"carebot: {line}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"carebot: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
