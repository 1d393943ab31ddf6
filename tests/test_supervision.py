"""Background tasks go on, whatever they end with; who keeps failing is told."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from helpdesk import supervision
from helpdesk.supervision import FAILING_SECONDS, PAUSES, STEADY_SECONDS, Supervisor
from tests.clocks import Clock


@pytest.fixture
def pauses(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; the clock goes on by them, and nobody waits."""
    made, sleep = list[float](), asyncio.sleep

    async def pass_by(seconds: float) -> None:
        made.append(seconds)
        clock.pass_(seconds)
        await sleep(0)

    monkeypatch.setattr(supervision.asyncio, "sleep", pass_by)
    return made


async def run(supervisor: Supervisor, until: Callable[[], bool]) -> None:
    """Until something is so."""
    running = asyncio.create_task(supervisor.run())
    async with asyncio.timeout(10):
        while not until():
            await asyncio.tasks.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def fails() -> None:
    raise RuntimeError("the reader is dead")


async def returns() -> None:
    pass


async def cancels_itself() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("task", [fails, returns, cancels_itself])
async def test_a_task_that_ends_is_begun_again_after_pauses_that_grow_and_logged(
    task: supervision.BackgroundTask, clock: Clock, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    await run(Supervisor([task], clock.ticks), lambda: len(pauses) >= len(PAUSES) + 2)
    assert tuple(pauses[: len(PAUSES) + 2]) == (*PAUSES, PAUSES[-1], PAUSES[-1])
    first = caplog.records[0]
    assert (first.levelno, first.task, first.pause) == (logging.ERROR, task.__qualname__, PAUSES[0])  # type: ignore[attr-defined]
    assert "reader is dead" in caplog.text or task is not fails


async def test_a_task_counts_as_failing_after_a_while_and_not_at_once(clock: Clock, pauses: list[float]) -> None:
    supervisor = Supervisor([fails], clock.ticks)
    await run(supervisor, lambda: sum(pauses) > 0)
    assert supervisor.failing() == []
    await run(supervisor, lambda: sum(pauses) > FAILING_SECONDS)
    assert supervisor.failing() == ["fails"]


async def test_a_task_that_runs_steadily_is_well_again(clock: Clock, pauses: list[float]) -> None:
    runs = []

    async def recovers() -> None:
        runs.append(1)
        if len(runs) < 6:
            raise RuntimeError("not yet")
        await asyncio.Event().wait()

    supervisor = Supervisor([recovers], clock.ticks)
    running = asyncio.create_task(supervisor.run())
    async with asyncio.timeout(10):
        while len(runs) < 6:
            await asyncio.tasks.sleep(0)
    assert len(supervisor.failing()) == 1
    clock.pass_(STEADY_SECONDS)
    assert supervisor.failing() == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_one_that_ends_leaves_the_others_alone(clock: Clock, pauses: list[float]) -> None:
    begun = []

    async def goes_on() -> None:
        begun.append(1)
        await asyncio.Event().wait()

    supervisor = Supervisor([fails, goes_on], clock.ticks)
    await run(supervisor, lambda: len(pauses) > 5)
    assert begun == [1] and supervisor.failing() == ["fails"]


async def test_nothing_is_begun_again_when_the_process_ends(clock: Clock) -> None:
    begun, ended = asyncio.Event(), []

    async def tidies_up() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    running = asyncio.create_task(Supervisor([tidies_up], clock.ticks).run())
    await begun.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ended == [1]
