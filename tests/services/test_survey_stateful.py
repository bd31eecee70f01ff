"""Answers agree with a sheet of paper after anything, in any order, on both engines."""

import asyncio

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from storage.database import open_database
from tests.proofs.survey_machine import Stage, machine_on
from texts import Texts


def test_answers_are_those_on_paper_whatever_happens(database_url: str, texts: Texts) -> None:
    """Answer, skip, go back, stop, tap what is old or not there: the database says what the sheet says at each step."""
    with asyncio.Runner() as runner:
        database = open_database(database_url)
        try:
            stage = Stage(runner, database, texts)
            run_state_machine_as_test(
                machine_on(stage),
                settings=settings(
                    max_examples=16 if database.dialect == "sqlite" else 12,
                    stateful_step_count=15,
                    deadline=None,
                    phases=(Phase.reuse, Phase.generate),  # a failure is told at once
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.close())
    assert stage.answers > 10, "hardly anything was answered"
