"""The sole namer of adapters: which ones serve, by the settings. A client library is imported only when chosen."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from helpdesk import doctor
from helpdesk.doctor import Check, Trouble
from helpdesk.errors import NotAllowed, sentence
from helpdesk.notifications import audience, deciding
from helpdesk.notifications.audience import Accounts, Audience
from helpdesk.notifications.own_acts import OwnActs
from helpdesk.notifications.reader import Reader
from helpdesk.pacing import interval_at
from helpdesk.people.directory import Directory
from helpdesk.people.local import LocalDirectory
from helpdesk.people.model import SignedIn
from helpdesk.services import Services
from helpdesk.settings import Settings
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.tasks.feed import Feed
from helpdesk.tasks.model import Actor

if TYPE_CHECKING:
    from helpdesk.tasks.redmine.database.connection import RedmineDatabase

COMPARED_PEOPLE = 50
NOT_LINKED = sentence("Your account is not linked with anybody in the task system. Please ask an administrator.")


def wire(settings: Settings) -> Services:
    """Redmine's tracker and accounts when REDMINE_URL is set, the embedded tracker otherwise."""
    database = Database(settings.database_url)
    return _with_redmine(settings, database) if settings.redmine_url else _embedded(settings, database)


def _embedded(settings: Settings, database: Database) -> Services:
    from helpdesk.store.blobs import Blobs
    from helpdesk.tasks.embedded.feed import EmbeddedFeed
    from helpdesk.tasks.embedded.tracker import EmbeddedTracker

    async def close() -> None:
        database.close()

    directories: tuple[Directory, ...] = (LocalDirectory(database),)
    tracker = EmbeddedTracker(database, Blobs(settings.files_folder))
    services = Services(settings, database, tracker, directories, own_account, close)
    return _told(services, EmbeddedFeed(database), people.known_here)


def _with_redmine(settings: Settings, database: Database) -> Services:
    from helpdesk.people.redmine import RedmineDirectory
    from helpdesk.redmine_client import RedmineClient
    from helpdesk.tasks.redmine.canary import Canary
    from helpdesk.tasks.redmine.feed import RestFeed, SqlFeed
    from helpdesk.tasks.redmine.rest import RestTracker
    from helpdesk.tasks.redmine.sql import SqlTracker

    client = RedmineClient(settings.redmine_url or "", settings.redmine_api_key or "")
    reading = _redmine_database(settings)

    async def close() -> None:
        await client.close()
        if reading:
            reading.close()
        database.close()

    directories: tuple[Directory, ...] = (LocalDirectory(database), RedmineDirectory(client, database))
    format = settings.redmine_text_format
    if reading is None:
        services = Services(settings, database, RestTracker(client, format), directories, redmine_user, close)
        return _told(services, RestFeed(client), people.known_in_redmine)

    async def lately() -> Sequence[int]:
        return await database.run(lambda db: people.lately_in_redmine(db, COMPARED_PEOPLE))

    tracker = SqlTracker(client, format, reading)
    canary = Canary(client, tracker.source, lately)
    services = Services(settings, database, tracker, directories, redmine_user, close, watchers=(canary.watch,))
    return _told(services, SqlFeed(client, tracker.source), people.known_in_redmine)


def _told(services: Services, feed: Feed, accounts: Accounts) -> Services:
    """The same with a reader of the feed, by whom people are told of what happens."""
    services = _with_bell(services)
    settings, database = services.settings, services.database
    hearers = Audience(feed, database, accounts, deciding.heard, deciding.wish)

    def interval(now: datetime) -> float:
        return interval_at(now, settings.timezone, settings.poll_interval, settings.poll_schedule)

    reader = Reader(feed, database, hearers, services.bell, interval, clock=services.clock)
    own_acts = OwnActs(feed, database, accounts, deciding.heard, services.bell, services.clock)
    watchers = (*services.watchers, reader.watch)
    told = replace(services, freshness=lambda: reader.freshness, seers=audience.seen(feed))
    return replace(told, own_acts=own_acts, watchers=watchers)


def _with_bell(services: Services) -> Services:
    """The same with a bell that is heard in several processes, when REDIS_URL is set."""
    if services.settings.redis_url is None:
        return services
    from helpdesk.notifications.redis_bell import RedisBell

    bell = RedisBell(services.settings.redis_url, services.settings.secret_key or "")
    return replace(services, bell=bell, watchers=(*services.watchers, bell.watch))


def _redmine_database(settings: Settings) -> "RedmineDatabase | None":
    """Redmine's database when MYSQL_* is set; nobody is connected to before it is asked."""
    if settings.mysql_url is None:
        return None
    from helpdesk.tasks.redmine.database.connection import RedmineDatabase

    return RedmineDatabase(settings.mysql_url, settings.redmine_db_timezone)


@asynccontextmanager
async def checks(settings: Settings) -> AsyncIterator[list[Check]]:
    """How each system that is set is checked, over connections of their own for the length of the block."""
    from helpdesk.notifications import redis_bell
    from helpdesk.redmine_client import RedmineClient
    from helpdesk.tasks.redmine import check_up

    async with AsyncExitStack() as opened:
        store = Database(settings.database_url)
        opened.callback(store.close)
        found = [doctor.store(store)]
        if settings.redmine_url:
            client = RedmineClient(settings.redmine_url, settings.redmine_api_key or "")
            opened.push_async_callback(client.close)
            found.append(check_up.rest(client))
            if reading := _redmine_database(settings):
                opened.callback(reading.close)
                found.append(check_up.database(reading, client))
        if settings.redis_url:
            found.append(redis_bell.check(settings.redis_url, settings.secret_key or ""))
        yield found


def schema_trouble(settings: Settings) -> Trouble | None:
    """What is wrong with the tables of Redmine's database; nothing, also when it merely does not answer."""
    reading = _redmine_database(settings)
    if reading is None:
        return None
    from helpdesk.tasks.redmine import check_up

    try:
        return check_up.schema_trouble(reading)
    finally:
        reading.close()


def grants(settings: Settings) -> str:
    """The statements that make the user for MYSQL_USER on MYSQL_DATABASE, or on what is usual."""
    from helpdesk.tasks.redmine.database.grants import script

    return script(settings.mysql_database or "redmine", settings.mysql_user or "helpdesk", "%")


def own_account(signed_in: SignedIn) -> Actor:
    """In the embedded tracker a person is the account itself."""
    person = signed_in.person
    return Actor(person.id, person.login, person.is_admin, signed_in.mark)


def redmine_user(signed_in: SignedIn) -> Actor:
    """In Redmine a person is the numeric user once proven by signing in there. Raises NotAllowed for others."""
    person = signed_in.person
    if person.redmine_id is None:
        raise NotAllowed(NOT_LINKED)
    return Actor(person.redmine_id, person.login, session=signed_in.mark)
