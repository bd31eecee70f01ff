"""The commands for surveys."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import Config

survey = typer.Typer(help="Surveys: what is asked, of whom, and what was answered.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="KEY", help="The survey's key; `carebot survey list` shows them.")]


@survey.command("add")
def survey_add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A survey as TOML; see docs/survey-format.md.")],
    on: Annotated[bool, typer.Option("--on", help="Ask it from now on; otherwise a new survey is off.")] = False,
    config: Config = None,
) -> None:
    """Add a survey, or the next version of one; answers to older versions stay as they are."""
    from bot.commands.survey_book import add

    add(config, file, on=on)


@survey.command("list")
def survey_list(config: Config = None) -> None:
    """Show the surveys there are, and when each is asked."""
    from bot.commands.survey_book import show_all

    show_all(config)


@survey.command("show")
def survey_show(
    key: Key,
    version: Annotated[int | None, typer.Option(min=1, help="An older version.")] = None,
    language: Annotated[str | None, typer.Option(help="Its texts in this language: en, zh_CN or zh_TW.")] = None,
    config: Config = None,
) -> None:
    """Draw a survey: its questions, their answers, and where each leads."""
    from bot.commands.survey_book import show

    show(config, key, version, language)


@survey.command("check")
def survey_check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Surveys as TOML.")],
    config: Config = None,
) -> None:
    """Say whether surveys could be added, and what to mend; nothing is stored."""
    from bot.commands.survey_book import check

    check(config, files)


@survey.command("on")
def survey_on(key: Key, config: Config = None) -> None:
    """Ask a survey from now on."""
    _switch(config, key, "on")


@survey.command("off")
def survey_off(key: Key, config: Config = None) -> None:
    """Ask nobody anew; who was asked may still answer."""
    _switch(config, key, "off")


@survey.command("close")
def survey_close(key: Key, config: Config = None) -> None:
    """Ask nobody, and take no answers."""
    _switch(config, key, "closed")


def _switch(config: Path | None, key: str, state: str) -> None:
    from bot.commands.survey_book import switch
    from domain.surveys import SurveyState

    switch(config, key, SurveyState(state))


@survey.command("send")
def survey_send(
    key: Key,
    segment: Annotated[
        str | None, typer.Option(metavar="'EXPR'", help="Who is meant, such as: tier = gold. Default: everybody.")
    ] = None,
    sample: Annotated[str, typer.Option(help="The share of them that is asked, such as 0.2.")] = "1",
    seed: Annotated[str, typer.Option(help="Another seed chooses others for the sample.")] = "",
    on: Annotated[str | None, typer.Option(metavar="DATE", help="The local day, such as 2026-12-01.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="The local time of day, such as 10:00.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say how many could be asked.")] = False,
    config: Config = None,
) -> None:
    """Ask a survey of everybody, or of a segment; the running bot does the asking."""
    from bot.commands.survey_send import Asking, send

    send(config, Asking(key, segment, sample, seed, on, at), dry_run=dry_run)


@survey.command("waves")
def survey_waves(
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="Only those of this survey.")] = None,
    config: Config = None,
) -> None:
    """Show what was sent to many, by hand and by schedule, and how far each is."""
    from bot.commands.survey_send import waves

    waves(config, key)


@survey.command("stop-wave")
def survey_stop_wave(
    wave: Annotated[int, typer.Argument(metavar="ID", help="Its number; `carebot survey waves` shows it.")],
    config: Config = None,
) -> None:
    """Stop a wave: nobody else is asked, what went out stays."""
    from bot.commands.survey_send import stop

    stop(config, wave)


@survey.command("results")
def survey_results(
    key: Key,
    since: Annotated[str | None, typer.Option(help="Asked from this local date or ISO instant on.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Asked until the end of this local date, or before this instant.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Apart by period, aspect, tier, staff, language, campaign or version.")
    ] = None,
    words: Annotated[int, typer.Option(min=0, max=1000, help="So many of the newest words, too.")] = 0,
    config: Config = None,
) -> None:
    """Show what was answered: scores with how sure they are, each question, the months, and what to beware of."""
    from bot.commands.survey_results import show

    show(config, key, since, until, by, words)


@survey.command("export")
def survey_export(
    key: Key,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="csv, xlsx or json.")] = "csv",
    since: Annotated[str | None, typer.Option(help="Asked from this local date or ISO instant on.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Asked until the end of this local date, or before this instant.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; default: standard output.")] = None,
    confidential: Annotated[bool, typer.Option(help="Also what has to do with confidential cases.")] = False,
    config: Config = None,
) -> None:
    """Write every response as a row, each question a column."""
    from bot.commands.survey_export import export

    export(config, key, form, since, until, out, confidential)
