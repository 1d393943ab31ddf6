"""The delay from a change in Redmine to its notification: `python -m bench.delay` writes docs/delay.md anew."""

import argparse
import json
import os
import platform
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from statistics import median

import httpx

from e2e import steps
from tests.running import Helpdesk, database_of, running_over_redmine
from tests.servers.redmine import Redmine, running_redmine

DOCUMENT = Path(__file__).parent.parent / "docs" / "delay.md"
STREAM = "/tasks/api/notifications/stream"
INTERVAL = 3.0  # POLL_INTERVAL, unless somebody sets it
PATIENCE = 60.0
HEAD = """\
# The delay of a notification

`python -m bench.delay` measured this on {now:%Y-%m-%d}: a real Redmine with MariaDB, `helpdesk serve` with one process,
{machine}, {cores} cores, Python {python}, load average {load:.1f}. A person comments in Redmine itself, {times} times
at random moments. The time runs from Redmine's answer to the event in the recipient's stream. Redmine is polled every
{interval:g} s, so half of that is expected; the goal is at most {interval:g} s and 300 ms.

| read | least, s | median, s | most, s |
|---|---|---|---|"""


def delays(helpdesk: Helpdesk, redmine: Redmine, times: int) -> list[float]:
    """Seconds, of each comment."""
    rng = random.Random(times)
    with (
        httpx.Client(base_url=redmine.url, headers={"X-Redmine-API-Key": redmine.admin_key}, timeout=30) as there,
        closing(steps.program(helpdesk.url, "anna", redmine.passwords["anna"])) as anna,
        _heard(anna) as heard,
    ):
        issue = steps.some_task(anna)["id"]
        found = []
        for number in range(times):
            time.sleep(rng.random() * INTERVAL)
            body = {"issue": {"notes": f"Проверка {number}."}}
            there.put(f"/issues/{issue}.json", json=body, headers={"X-Redmine-Switch-User": "boris"}).raise_for_status()
            answered = time.perf_counter()
            found.append(heard.get(timeout=PATIENCE) - answered)
        return found


@contextmanager
def _heard(client: httpx.Client) -> Iterator["Queue[float]"]:
    """When each notification came."""
    heard, begun = Queue[float](), threading.Event()

    def listen(answer: httpx.Response) -> None:
        with suppress(httpx.HTTPError, httpx.StreamError):  # the end of the block cuts the line
            for line in answer.iter_lines():
                begun.set()
                if line.startswith("data: ") and "issue_id" in json.loads(line[6:]):
                    heard.put(time.perf_counter())

    with client.stream("GET", STREAM, timeout=PATIENCE) as answer:
        threading.Thread(target=listen, args=(answer,), daemon=True).start()
        begun.wait(PATIENCE)
        yield heard


def document(times: int) -> Iterator[str]:
    now, machine, load = datetime.now(UTC), platform.machine(), os.getloadavg()[0]
    python, cores = platform.python_version(), os.cpu_count()
    yield HEAD.format(now=now, machine=machine, cores=cores, python=python, load=load, times=times, interval=INTERVAL)
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as place:
        os.chmod(place, 0o755)  # Redmine runs as another user
        yield from _measured(Path(place), times)


def _measured(place: Path, times: int) -> Iterator[str]:
    with running_redmine(place) as redmine:
        for told, settings in (("from its database", database_of(redmine)), ("over REST", {})):
            with (
                tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as folder,
                running_over_redmine(Path(folder), redmine, **settings) as helpdesk,
            ):
                found = delays(helpdesk, redmine, times)
            yield f"| {told} | {min(found):.2f} | {median(found):.2f} | {max(found):.2f} |"


if __name__ == "__main__":
    reader = argparse.ArgumentParser(prog="bench.delay", description=__doc__)
    reader.add_argument("--times", type=int, default=20)
    asked = reader.parse_args()
    kept = []
    for line in document(asked.times):
        print(line, flush=True)
        kept.append(line)
    DOCUMENT.write_text("\n".join(kept) + "\n", "utf-8")
