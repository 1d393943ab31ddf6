"""What each command does. Refused carries the sentence for whoever typed it."""

import asyncio
import os
import re
import resource
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

import uvicorn
from sqlalchemy.exc import IntegrityError

from helpdesk import doctor, logs
from helpdesk import settings as configuration
from helpdesk.app import create_app
from helpdesk.demo.duty import OnDuty
from helpdesk.demo.load import load
from helpdesk.people.passwords import hashed
from helpdesk.settings import Settings
from helpdesk.store import people, schema
from helpdesk.store.database import Database
from helpdesk.wiring import checks, grants, schema_trouble, wire

MOST_FILES = 65_536
SHORTEST_PASSWORD = 8
LONGEST_NAME = 200
SHUTDOWN_SECONDS = 5
NOT_OURS = "The database is not empty and not a helpdesk's. Nothing was touched: set DATABASE_URL to an empty one."


class Refused(Exception):
    """The command can't be done; says why and what helps."""


def demo(data: str, port: int, colleague: bool) -> None:
    """Serve made-up people and tasks on loopback, from a store of its own in `data`; with a colleague who works on."""
    folder = Path(data)
    folder.mkdir(parents=True, exist_ok=True)
    settings = configuration.demo(configuration.environment(), Path.cwd(), folder, _demo_key(folder))
    database = Database(settings.database_url)
    _migrate(database, "demo")
    if database.run_here(schema.kind) != "demo":
        raise Refused(f"{folder} holds a store that is no demo's. Name another folder by --data.")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    database.run_here(lambda session: load(session, today), writes=True)
    database.close()
    print(f"The helpdesk's demo is on http://127.0.0.1:{port} (sign in as anna with the password demo).", flush=True)
    services = wire(settings)
    if colleague:
        at_work = OnDuty(services.tracker, services.database)
        services = replace(services, watchers=(*services.watchers, at_work.watch))
    _run(create_app(services), "127.0.0.1", port, proxy_headers=False)


def serve(host: str, port: int, workers: int) -> None:
    """Serve in earnest. Refuses a schema that is not current, a demo's store, and a database that is no Redmine's."""
    settings = configuration.from_process()
    configuration.require_secret_key(settings)
    database = _database(settings)
    if not database.run_here(schema.is_current):
        raise Refused("The store's schema is not current. Run: helpdesk migrate")
    if database.run_here(schema.kind) == "demo":
        raise Refused("This is a demo's store; everybody knows its passwords. Set DATABASE_URL to another.")
    database.close()
    if trouble := schema_trouble(settings):
        raise Refused(f"Redmine's database: {trouble.reason}. {trouble.advice}")
    _run("helpdesk.asgi:app", host, port, workers)


def examine() -> None:
    """Check every system that is set, once. Raises Refused when one is broken."""
    settings = configuration.from_process()
    _database(settings).close()  # tells of a driver that is missing

    async def findings() -> list[doctor.Finding]:
        async with checks(settings) as found:
            return await doctor.examine(found)

    told = asyncio.run(findings())
    print(*told, sep="\n", flush=True)
    broken = sum(finding.trouble is not None for finding in told)
    if broken:
        raise Refused(f"{broken} of {len(told)} broken.")


def show_grants() -> None:
    """Print the statements that make the database user for Redmine's database."""
    print(grants(configuration.from_process()))


def migrate() -> None:
    database = _database(configuration.from_process())
    _migrate(database, "production")
    print("The schema is current.")


def show_settings() -> None:
    for line in configuration.described(configuration.from_process()):
        print(f"{line.name:28} {line.value_shown:40} {line.source}")


def add_user(login: str, name: str, email: str, admin: bool, password: str) -> None:
    if not re.fullmatch(r"[\w.@+-]{1,120}", login) or max(len(name), len(email)) > LONGEST_NAME:
        raise Refused("A login has 1 to 120 letters, digits or . _ - @ +; a name and an e-mail at most 200 characters.")
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(f"The password is too short: at least {SHORTEST_PASSWORD} characters.")
    try:
        _store().run_here(
            lambda session: people.add_local(session, login, name, email, hashed(password), admin).id, writes=True
        )
    except IntegrityError as error:
        raise Refused(f"There is an account {login} already.") from error
    print(f"{login} can sign in.")


def list_users() -> None:
    for person in _store().run_here(people.all_people):
        marks = ["admin"] * person.is_admin + ["disabled"] * (not person.is_active)
        print(f"{person.login:24} {person.source:8} {person.full_name:32} {' '.join(marks)}")


def disable_user(login: str) -> None:
    if not _store().run_here(lambda session: people.disable(session, login), writes=True):
        raise Refused(f"There is no account {login}.")
    print(f"{login} is shut out, and signed out everywhere.")


def _store() -> Database:
    database = _database(configuration.from_process())
    if not database.run_here(schema.is_current):
        raise Refused("The store's schema is not current. Run: helpdesk migrate")
    return database


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.database_url)
    except ModuleNotFoundError as error:
        raise Refused(f"DATABASE_URL needs the driver {error.name}, which is not installed.") from error


def _migrate(database: Database, kind: str) -> None:
    try:
        schema.migrate(database, kind)
    except schema.NotOurs as error:
        raise Refused(NOT_OURS) from error


def _demo_key(folder: Path) -> str:
    """The demo's own secret, made at its first start and kept beside its store, readable by its owner alone."""
    file = folder / "secret_key"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as key:
            key.write(token_urlsafe(48))
    return file.read_text()


def raise_limit() -> None:
    """Let this process and those it starts have as many connections as the system lets it, within reason: each open
    page is one, and the limit to begin with is often a thousand."""
    present, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if present != resource.RLIM_INFINITY and present < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _run(app: object, host: str, port: int, workers: int = 1, proxy_headers: bool = True) -> None:
    logs.configure()
    raise_limit()
    uvicorn.run(
        app,  # type: ignore[arg-type]  # an application or its import path
        host=host,
        port=port,
        workers=workers,
        proxy_headers=proxy_headers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
