"""The proof of notifications: what people were told is what they had to be told, to the row.

Several people change tasks in a real Redmine at random and at once, over REST and by transactions that end out of
order, while `helpdesk serve`, which reads that Redmine's database, is killed and begun again. What it kept is compared
with what an independent reckoning makes of the script's own log.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.notifications.company import NEVER_TOLD, Company, found
from tests.notifications.crew import Crew
from tests.notifications.doing import Doing
from tests.notifications.expected import reckoned
from tests.notifications.log_book import about
from tests.notifications.mortal import Mortal, deaths
from tests.notifications.out_of_order import OutOfOrder
from tests.servers.fixtures import unavailable
from tests.servers.redmine import running_redmine, why_not_here

SOAK, SEED = bool(os.environ.get("SOAK")), os.environ.get("SEED", "1")
CHANGES, KILLS = (int(it) for it in os.environ.get("CHANGES_AND_KILLS", "2000 50" if SOAK else "24 1").split())
OVER_REST = ("admin", "anna", "vera", "gleb", "irina")
KINDS = {"mentioned", "given", "taken", "created", "commented", "status", "priority", "files", "reassigned", "changed"}

REASONS = {"own act", "unseen task", "private comment"}


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    """In a Redmine of this test's own: everything that happens in it is in the log."""
    if reason := why_not_here():
        unavailable(f"no real Redmine: {reason}")
    with tempfile.TemporaryDirectory(prefix="helpdesk-proof-") as name:
        Path(name).chmod(0o711)
        with running_redmine(Path(name)) as redmine:
            headers = {"X-Redmine-API-Key": redmine.admin_key}
            with httpx.Client(base_url=redmine.url, headers=headers, timeout=30) as http:
                yield found(redmine, http)


@asynccontextmanager
async def alive(folder: Path, company: Company) -> AsyncIterator[Mortal]:
    mortal = Mortal(folder, company)
    try:
        await mortal.begin()
        await mortal.told_until(datetime.now(UTC))
        yield mortal
    finally:
        await mortal.end()
        mortal.close()


@pytest.mark.soak
@pytest.mark.xdist_group("told")
@pytest.mark.timeout(5_400 if SOAK else 400)
async def test_everybody_gets_exactly_their_notifications_whatever_is_killed(company: Company, tmp_path: Path) -> None:
    headers = {"X-Redmine-API-Key": company.redmine.admin_key}
    redmine = httpx.AsyncClient(base_url=company.redmine.url, headers=headers, timeout=60)
    async with redmine, alive(tmp_path, company) as mortal:
        crew, dice = Crew(Doing(company, redmine), mortal.told_until, SEED, CHANGES), Random(SEED)
        transactions = OutOfOrder(company, crew)
        await crew.begin()
        async with asyncio.TaskGroup() as at_once:
            for login in OVER_REST:
                at_once.create_task(crew.work(login))
            at_once.create_task(transactions.work())
            moments = sorted(dice.sample(range(CHANGES // 10, CHANGES * 9 // 10), KILLS))
            at_once.create_task(deaths(mortal, dice, moments, lambda: crew.done))
        await mortal.told_until(datetime.now(UTC))
        told, complaints = Counter(mortal.rows()), mortal.complaints()

    wanted, withheld = reckoned(crew.log)
    print(f"{crew.done} changes, {mortal.killed} kills, {transactions.late} late transactions, {told.total()} rows")
    print(Counter(row.kind for row in wanted), Counter(row.login for row in wanted), f"not told: {withheld}")
    missing, extra = wanted - told, told - wanted
    why = about(crew.log, {row.key for row in missing + extra})
    assert not missing and not extra, "\n".join(["missing:", *map(str, missing), "extra:", *map(str, extra), why])
    assert max(Counter((row.login, row.key) for row in told.elements()).values()) == 1
    assert {row.login for row in told}.isdisjoint(NEVER_TOLD)
    assert complaints == [] and mortal.killed == KILLS and crew.done == CHANGES
    # A proof about nothing proves nothing.
    assert wanted.total() > CHANGES and transactions.late and set(withheld) == REASONS
    assert {row.kind for row in wanted} == KINDS or CHANGES < 200
