"""The ledger agrees with an independent model after anything, in any order, on both engines."""

import asyncio

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from storage.database import open_database
from tests.proofs.points_machine import Stage, machine_on
from texts import Texts


def test_points_are_those_of_the_model_whatever_happens(database_url: str, texts: Texts) -> None:
    """Earn, spend, expire, refund, give back, merge, forget: balances, lots and history are equal at each step."""
    with asyncio.Runner() as runner:
        database = open_database(database_url)
        try:
            stage = Stage(runner, database, texts)
            run_state_machine_as_test(
                machine_on(stage),
                settings=settings(
                    max_examples=25,
                    stateful_step_count=20,
                    deadline=None,
                    phases=(Phase.reuse, Phase.generate),  # a failure is told at once; `make prove` shortens it
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.close())
    assert stage.entries > 100, "hardly anything happened"
