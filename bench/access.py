"""What signing in by the ERP and a session's look-up cost: lines for bench/RESULTS.md.

Both sides of a comparison take turns in one run: the imitated ERP alone and a sign-in through it; the look-up of a
session with the person's rights and without them.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import httpx
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.people.oracle_erp.connection import account
from helpdesk.people.oracle_erp.directory import OracleDirectory
from helpdesk.store import schema, sessions
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person, RightGrant
from helpdesk.store.tokens import hashed
from tests.running import running_helpdesk
from tests.servers.imitated_oracle import PASSWORDS, SERVICE, SERVICE_PASSWORD, USER, ImitatedOracle, imitated_oracle

PEOPLE = 200
SIGN_INS, LOOK_UPS = 30, 40
AT_ONCE = 50  # look-ups in one measurement: one by itself is too short for the clock
WARM_UP = 50  # for some seconds after its start a server prepares its pages
GOAL_MS = 60
WITHOUT_RIGHTS = (
    select(Person, tables.Session.expires_at, tables.Session.created_at)
    .join(tables.Session, col(tables.Session.person_id) == col(Person.id))
    .where(
        col(tables.Session.id_hash) == sa.bindparam("id_hash"),
        col(tables.Session.expires_at).between(sa.bindparam("now"), sa.bindparam("latest")),
        col(Person.is_active).is_(True),
    )
)
"""The look-up as it was while rights were columns."""


def lines(folder: Path, times: int) -> Iterator[str]:
    yield "\n## Signing in and sessions\n"
    yield "| what | median ms | least to p90 | |"
    yield "|---|---|---|---|"
    yield from _signing_in(folder, SIGN_INS * times)
    yield from _looking_up(folder, LOOK_UPS * times)


def _signing_in(folder: Path, times: int) -> Iterator[str]:
    store = f"sqlite:///{folder / 'access.db'}"
    schema.migrate(Database(store), "production")
    with imitated_oracle() as erp:
        environ = {
            "SECRET_KEY": "for the length of a measurement, no longer",
            "DATABASE_URL": store,
            "ORACLE_HOST": "127.0.0.1",
            "ORACLE_PORT": str(erp.port),
            "ORACLE_SERVICE": SERVICE,
            "ORACLE_USER": USER,
            "ORACLE_PASSWORD": SERVICE_PASSWORD,
        }
        with (
            running_helpdesk(folder, "serve", environ=environ) as helpdesk,
            httpx.Client(base_url=helpdesk.url) as http,
        ):
            alone, through = _in_turns(erp, http, times)
    beyond = median(through) - median(alone)
    yield _row("the imitated ERP alone", alone)
    yield _row("a sign-in by it", through)
    reached = "reached" if beyond <= GOAL_MS else "**missed**"
    yield f"| beyond the ERP's own answer | {beyond:.1f} | goal {GOAL_MS} | {reached} |"


def _in_turns(erp: ImitatedOracle, http: httpx.Client, times: int) -> tuple[list[float], list[float]]:
    login, password = next(iter(PASSWORDS.items()))
    body = {"username": login, "password": password}

    async def ask() -> None:
        directory = OracleDirectory(account("127.0.0.1", erp.port, SERVICE, USER, SERVICE_PASSWORD))
        assert await directory.sign_in(login, password)
        await directory.close()

    def sign_in() -> None:
        http.cookies.clear()
        http.post("/users/login", json=body).raise_for_status()

    sides = [lambda: asyncio.run(ask()), sign_in]
    found = [[_ms(side) for side in sides] for _ in range(WARM_UP + times)][WARM_UP:]
    return [it[0] for it in found], [it[1] for it in found]


def _looking_up(folder: Path, times: int) -> Iterator[str]:
    database = Database(f"sqlite:///{folder / 'sessions.db'}")
    schema.migrate(database, "production")
    session_id, now = database.run_here(_crowd, writes=True), datetime.now(UTC)

    def before(db: Session) -> None:
        moments = {"now": now, "latest": sessions._latest(now)}
        for _ in range(AT_ONCE):
            assert db.exec(WITHOUT_RIGHTS, params={"id_hash": hashed(session_id), **moments}).first()

    def today(db: Session) -> None:
        for _ in range(AT_ONCE):
            assert sessions.find(db, session_id, now)

    turns = [
        [_ms(lambda each=each: database.run_here(each)) / AT_ONCE for each in (before, today)] for _ in range(times)
    ]
    yield _row(f"a session's look-up among {PEOPLE}, without rights", [it[0] for it in turns], 3)
    yield _row("the same with the person's rights", [it[1] for it in turns], 3)


def _crowd(db: Session) -> str:
    """Fill a store with people who hold rights and are signed in. Return the id of one session."""
    now = datetime.now(UTC)
    for number in range(1, PEOPLE + 1):
        login = f"person{number}"
        db.add(Person(source="oracle", login=login, login_folded=fold(login), created_at=now, redmine_id=number))
    db.flush()
    for number in range(1, PEOPLE + 1):
        db.add(RightGrant(person_id=number, name="can_access_quality_control", granted_at=now))
        session_id, _ = sessions.begin(db, number, now, False, "127.0.0.1", "a browser")
    return session_id


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _row(what: str, found: Sequence[float], digits: int = 1) -> str:
    most = quantiles(found, n=10)[-1]
    return f"| {what} | {median(found):.{digits}f} | {min(found):.{digits}f} to {most:.{digits}f} | |"
