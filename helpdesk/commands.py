"""Run the commands of the command line. Refused carries the sentence for the administrator."""

import asyncio
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from types import FrameType
from typing import NoReturn

import uvicorn
from sqlalchemy.engine import make_url

from helpdesk import health, logs
from helpdesk.adapters import checks, grants, schema_trouble
from helpdesk.app import create_app
from helpdesk.demo import monitored_hosts
from helpdesk.demo.load import load
from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.demo.simulated_colleague import SimulatedColleague
from helpdesk.http_protocol import BoundedProtocol
from helpdesk.netmonitor.health import settings_check
from helpdesk.settings import settings as configuration
from helpdesk.settings.listing import list_settings
from helpdesk.settings.settings import Settings
from helpdesk.store import backups, disk, registration, schema
from helpdesk.store.database import Database
from helpdesk.texts import in_english
from helpdesk.wiring import wire

log = logging.getLogger(__name__)

MOST_FILES = 65_536
SHUTDOWN_SECONDS = 5
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
SERVERS_TOOLS = {
    "postgresql": "pg_dump and pg_restore",
    "mysql": "mariadb-dump --single-transaction and mariadb",
    "mariadb": "mariadb-dump --single-transaction and mariadb",
}
NOT_OURS = "The database is not empty and not a helpdesk's. Nothing was touched: set DATABASE_URL to an empty one."


class Refused(Exception):
    """The command cannot be done; the message says why and what helps."""


def demo(data: str, port: int, colleague: bool) -> None:
    """Serve made-up people and tasks from a store of its own in `data`, by default with a simulated colleague.

    Only on loopback, because the passwords are public, unless HELPDESK_DEMO_PUBLIC says otherwise.
    """
    folder = Path(data)
    folder.mkdir(0o700, parents=True, exist_ok=True)
    settings = configuration.demo(configuration.environment(), Path.cwd(), folder, _demo_key(folder))
    database = Database(settings.database_url)
    _migrate(database, "demo")
    if database.run_here(schema.kind) != "demo":
        raise Refused(f"{folder} holds a store that is no demo's. Name another folder by --data.")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    database.run_here(lambda session: load(session, today), writes=True)
    playable = monitored_hosts.free_port()
    database.run_here(lambda db: monitored_hosts.place(db, port, playable, datetime.now(UTC)), writes=True)
    database.close()
    print(f"The helpdesk's demo is on http://127.0.0.1:{port} (sign in as anna with the password demo).", flush=True)
    host = "0.0.0.0" if settings.demo_public else "127.0.0.1"
    if settings.demo_public:
        print("Everybody who reaches this machine may use it: HELPDESK_DEMO_PUBLIC is on.", flush=True)
    services = wire(settings, PlayablePhone(first_id=int(datetime.now(UTC).timestamp())))
    if colleague:
        at_work = SimulatedColleague(services.backend, services.database)
        services = replace(services, watchers=(*services.watchers, at_work.watch))
    host_at_play = partial(monitored_hosts.play, playable, flaps=colleague)
    services = replace(services, watchers=(*services.watchers, host_at_play))
    logs.configure(settings.log_level)
    _run(create_app(services), host, port, proxy_headers=False)


def serve(host: str, port: int, workers: int) -> None:
    """Serve in production.

    Refuses a schema that is not current, a demo's store, and a database that is not Redmine's.
    """
    settings = configuration.from_process()
    configuration.require_secret_key(settings)
    database = _database(settings)
    _require_current(database)
    if (file := disk.file_of(database)) and (damage := disk.damage(file)):
        raise Refused(f"The store is damaged ({damage}). Move it away, and restore a backup: helpdesk restore FILE")
    if database.run_here(schema.kind) == "demo":
        raise Refused("This is a demo's store; everybody knows its passwords. Set DATABASE_URL to another.")
    _welcome_first(database, settings)
    database.close()
    if trouble := schema_trouble(settings):
        raise Refused(f"Redmine's database: {in_english(trouble.reason)}. {in_english(trouble.advice)}")
    logs.configure(settings.log_level)
    if settings.notices:
        log.warning("some settings are ignored or changed", extra={"notices": settings.notices})
    _run("helpdesk.asgi:app", host, port, workers)


def _welcome_first(database: Database, settings: Settings) -> None:
    """Print how to become the first administrator, while there is none."""
    named = settings.administrators or ()
    token = database.run_here(lambda session: registration.offer_token(session, named), writes=True)
    how = "To make one: helpdesk user admin LOGIN"
    if settings.may_register:
        how = f"Who registers at /users/register with this setup token becomes one: {token}"
    if token:
        print(f"There is no administrator yet. {how}", flush=True)


def examine() -> None:
    """Check every configured system once. Raises Refused when one is broken."""
    settings = configuration.from_process()
    _database(settings).close()  # reports a missing driver

    async def findings() -> list[health.Finding]:
        async with checks(settings) as listed:
            return [*await health.examine(listed), *await _of_incident_tasks(settings)]

    results = asyncio.run(findings())
    print(*(logs.printable(str(finding)) for finding in results), sep="\n", flush=True)
    broken = sum(finding.trouble is not None for finding in results)
    if broken:
        raise Refused(f"{broken} of {len(results)} broken.")


async def _of_incident_tasks(settings: Settings) -> list[health.Finding]:
    """Check that incidents of the network monitor can open tasks, if they are to."""
    services = wire(settings)
    try:
        tasks = services.netmonitor.tasks
        return await health.examine([settings_check(tasks)] if tasks else [])
    finally:
        await services.close()


def show_grants() -> None:
    """Print the statements that create the database user for Redmine's database."""
    print(grants(configuration.from_process()))


def migrate() -> None:
    database = _database(configuration.from_process())
    _migrate(database, "production")
    print("The schema is current.")


def backup(archive: str) -> None:
    """Write one archive of the store and its files, even while the helpdesk runs."""
    with _backup_errors():
        result = backups.make(_place(), Path(archive))
    print(f"{archive} holds the store and {result.files} files.")
    _warn_of_lost(result)


def restore(archive: str) -> None:
    """Restore the store and its files from an archive into an empty place."""
    with _backup_errors():
        result = backups.put_back(Path(archive), _place())
    print(f"The store and {result.files} files are back. Run: helpdesk migrate")
    _warn_of_lost(result)


def show_settings() -> None:
    settings = configuration.from_process()
    for line in list_settings(settings):
        print(f"{line.name:28} {line.value_shown:40} {line.source}")
    for notice in settings.notices:
        print(f"Please look: {notice}.")


def _place() -> backups.Place:
    """Return where the store's file and its files are. Raises Refused for the store of a server."""
    settings = configuration.from_process()
    store, files = make_url(settings.database_url), settings.files_folder
    if tool := SERVERS_TOOLS.get(store.get_backend_name()):
        raise Refused(f"The store is on a server: use {tool} for it, and copy the folder {files} after it.")
    if not store.database or store.database == ":memory:":
        raise Refused("The store is in memory alone: there is nothing to back up.")
    return backups.Place(Path(store.database), files, settings.pictures_folder)


@contextmanager
def _backup_errors() -> Iterator[None]:
    try:
        with _ended_by_exception():
            yield
    except backups.Impossible as error:
        raise Refused(str(error)) from error


@contextmanager
def _ended_by_exception() -> Iterator[None]:
    """Turn a signal into an exception, so that an unfinished result is removed."""
    before = {number: handler for number in ENDING if (handler := signal.getsignal(number)) != signal.SIG_IGN}
    for number in before:  # signals that nohup ignores stay ignored
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)  # a second signal must not stop the cleanup
    raise SystemExit(128 + number)


def _warn_of_lost(result: backups.Result) -> None:
    if result.lost:
        print(f"{len(result.lost)} files that the store names had been lost before.", file=sys.stderr)


def open_store(settings: Settings) -> Database:
    database = _database(settings)
    _require_current(database)
    return database


def _require_current(database: Database) -> None:
    if not database.run_here(schema.is_current):
        raise Refused("The store's schema is not current. Run: helpdesk migrate")


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.database_url, settings.audit_days)
    except ModuleNotFoundError as error:
        raise Refused(f"DATABASE_URL needs the driver {error.name}, which is not installed.") from error


def _migrate(database: Database, kind: str) -> None:
    try:
        schema.migrate(database, kind)
        database.keep_private()
    except schema.NotOurs as error:
        raise Refused(NOT_OURS) from error


def keep_private() -> None:
    """Make all files of this process and its children private, whatever the umask was."""
    os.umask(0o077)


def _demo_key(folder: Path) -> str:
    """Return the demo's secret key, created at its first start beside its store and readable only by its owner."""
    file = folder / "secret_key"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as key:
            key.write(token_urlsafe(48))
    return file.read_text()


def raise_limit() -> None:
    """Raise the limit of open files to the system's maximum, up to MOST_FILES.

    Each open page is a connection, and the default limit is often a thousand.
    """
    present, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if present != resource.RLIM_INFINITY and present < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))


def _run(app: object, host: str, port: int, workers: int = 1, proxy_headers: bool = True) -> None:
    raise_limit()
    uvicorn.run(
        app,  # type: ignore[arg-type]  # an application or its import path
        host=host,
        port=port,
        workers=workers,
        proxy_headers=proxy_headers,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
