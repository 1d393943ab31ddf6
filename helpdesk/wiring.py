"""Choose the adapters by the settings. No other module names them; a client library is imported only when needed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from helpdesk import directory_wiring, health, tls
from helpdesk.encryption import Box
from helpdesk.errors import NotAllowed, sentence
from helpdesk.health import Check, Trouble
from helpdesk.notifications.channels.dispatcher import Dispatcher
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.event_processing import records_visible_to
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.notifications.recipients import Accounts, Recipients
from helpdesk.notifications.suppression import Suppression
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.authentication import Authentication
from helpdesk.people.model import SignedIn
from helpdesk.requests.accounts import RequesterAccounts
from helpdesk.requests.addresses import aliases_of
from helpdesk.requests.ownership import Rules as OwnershipRules
from helpdesk.requests.requests import RequestService
from helpdesk.requests.service import Requests
from helpdesk.requests.source import RequestSource
from helpdesk.services import Services, utc_now
from helpdesk.settings.poll_schedule import interval_at
from helpdesk.settings.settings import Settings
from helpdesk.store import people, rights
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.supervision import BackgroundTask
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.feed import Feed
from helpdesk.tasks.model import Actor

if TYPE_CHECKING:
    from helpdesk.people.oracle_erp.directory import OracleDirectory
    from helpdesk.people.redmine_keys import RedmineKeys
    from helpdesk.redmine_client import RedmineClient
    from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

COMPARED_PEOPLE = 50
NOT_LINKED = sentence("Your account is not linked with anybody in the task system. Please ask an administrator.")


def wire(settings: Settings) -> Services:
    """Return the services with Redmine when REDMINE_URL is set, with the embedded backend otherwise."""
    database, erp = Database(settings.database_url, settings.audit_days), directory_wiring.oracle(settings)
    return _with_redmine(settings, database, erp) if settings.redmine_url else _embedded(settings, database, erp)


def _embedded(settings: Settings, database: Database, erp: "OracleDirectory | None") -> Services:
    from helpdesk.store.tracker.files import Blobs
    from helpdesk.tasks.embedded.backend import EmbeddedBackend
    from helpdesk.tasks.embedded.feed import EmbeddedFeed
    from helpdesk.tasks.embedded.requests import EmbeddedRequests

    async def close() -> None:
        if erp:
            await erp.close()
        database.close()

    backend = EmbeddedBackend(database.for_backend(), Blobs(settings.files_folder))
    feed = EmbeddedFeed(database.for_backend(), is_named=partial(rights.is_named, settings.administrators))
    authentication, watchers = directory_wiring.authentication(settings, database, erp)
    accounts, rules = people.known_in_embedded, ownership_rules(settings)
    requests = _requests(database, backend, EmbeddedRequests(backend, rules), rules, Person.id, own_account, feed)
    return _services(
        settings, database, backend, authentication, own_account, close, feed, accounts, requests, watchers
    )


def _with_redmine(settings: Settings, database: Database, erp: "OracleDirectory | None") -> Services:
    from helpdesk.people.redmine_keys import RedmineKeys
    from helpdesk.tasks.redmine.backend import RedmineBackend
    from helpdesk.tasks.redmine.consistency_check import ConsistencyCheck
    from helpdesk.tasks.redmine.feed import FallbackFeed, RestFeed, SqlFeed
    from helpdesk.tasks.redmine.requests import RedmineRequests
    from helpdesk.tasks.redmine.sql.source import Source

    client, redmine_database = _redmine_client(settings), _redmine_database(settings)
    acting = client
    if settings.redmine_act_as == "api-key":
        acting = _redmine_client(settings, RedmineKeys(database, Box(settings.secret_keys)))

    async def close() -> None:
        await client.close()
        await acting.close()
        if redmine_database:
            redmine_database.close()
        if erp:
            await erp.close()
        database.close()

    async def recent_people() -> Sequence[int]:
        return await database.run(lambda db: people.recent_in_redmine(db, COMPARED_PEOPLE))

    source, rest_feed = None, RestFeed(client)
    feed: Feed = rest_feed
    authentication, watchers = directory_wiring.authentication(settings, database, erp, client)
    if redmine_database:
        source = Source(redmine_database)
        feed = FallbackFeed(SqlFeed(source), rest_feed)
        watchers = (ConsistencyCheck(client, source, recent_people).watch, *watchers)
    backend = RedmineBackend(acting, settings.redmine_text_format, source)
    system = RedmineBackend(client, settings.redmine_text_format, source) if acting is not client else backend
    accounts, rules = people.known_in_redmine, ownership_rules(settings)
    by_key = RedmineRequests(system, backend, rules, settings.requester_fields or ())
    requests = _requests(database, system, by_key, rules, Person.redmine_id, redmine_user, feed)
    return _services(
        settings, database, backend, authentication, redmine_user, close, feed, accounts, requests, watchers
    )


def _services(
    settings: Settings,
    database: Database,
    backend: Backend,
    authentication: Authentication,
    identify: Callable[[SignedIn], Actor],
    close: Callable[[], Awaitable[None]],
    feed: Feed,
    accounts: Accounts,
    requests: Requests,
    watchers: tuple[BackgroundTask, ...] = (),
) -> Services:
    """Add the poller of the feed and the channels, by which people are notified of events."""
    wakeups, wakeup_watchers = _wakeups(settings)
    named = partial(rights.administrators, named=settings.administrators or ())
    recipients = Recipients(feed, database, accounts, named)
    dispatcher = Dispatcher(Resources(settings, database))

    def interval(now: datetime) -> float:
        return interval_at(now, settings.timezone, settings.poll_interval, settings.poll_schedule)

    poller = FeedPoller(feed, database, recipients, dispatcher, wakeups, interval, clock=utc_now)
    return Services(
        settings,
        database,
        backend,
        authentication,
        accounts,
        identify,
        close,
        wakeups,
        Suppression(feed, database, recipients, wakeups, utc_now),
        feed_status=lambda: poller.feed_status,
        visible_to=records_visible_to(feed),
        requests=requests,
        watchers=(*watchers, *wakeup_watchers, *dispatcher.watchers, poller.watch),
    )


def ownership_rules(settings: Settings) -> OwnershipRules:
    """Return the settings that decide whose a request is."""
    return OwnershipRules(aliases_of(settings.email_aliases or ()), settings.redmine_anonymous_user_id)


def _requests(
    database: Database,
    backend: Backend,
    source: RequestSource,
    rules: OwnershipRules,
    number: Any,
    identify: Callable[[SignedIn], Actor],
    feed: Feed,
) -> Requests:
    accounts = RequesterAccounts(database, rules, number, identify)
    return RequestService(database, backend, source, accounts, feed.key, utc_now)


def _wakeups(settings: Settings) -> tuple[Wakeups, tuple[BackgroundTask, ...]]:
    """Return wakeups that reach all processes when REDIS_URL is set, else only this one."""
    if settings.redis_url is None:
        return Wakeups(), ()
    from helpdesk.notifications.redis_wakeups import RedisWakeups

    wakeups = RedisWakeups(settings.redis_url, settings.secret_keys[0], settings.ca_bundle)
    return wakeups, (wakeups.watch,)


def _redmine_client(settings: Settings, own_keys: "RedmineKeys | None" = None) -> "RedmineClient":
    from helpdesk.redmine_client import RedmineClient

    authorities = settings.redmine_ca_bundle or settings.ca_bundle
    return RedmineClient(
        settings.redmine_url or "", settings.redmine_api_key or "", ca_bundle=authorities, auth=own_keys
    )


def _redmine_database(settings: Settings) -> "RedmineDatabase | None":
    """Return Redmine's database when MYSQL_* is set. It connects with the first query."""
    if settings.mysql_url is None:
        return None
    from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

    encryption = tls.for_mysql(settings.mysql_ssl_mode, settings.mysql_ssl_ca or settings.ca_bundle)
    return RedmineDatabase(settings.mysql_url, settings.redmine_db_timezone, tls=encryption)


@asynccontextmanager
async def checks(settings: Settings) -> AsyncIterator[list[Check]]:
    """Yield the checks of all configured systems, with connections of their own for the length of the block."""
    from helpdesk.notifications import redis_wakeups
    from helpdesk.tasks.redmine import health as redmine_health

    async with AsyncExitStack() as opened:
        store = Database(settings.database_url)
        opened.callback(store.close)
        listed = [health.store(store)]
        if settings.redmine_url:
            client = _redmine_client(settings)
            opened.push_async_callback(client.close)
            listed.append(redmine_health.rest(client))
            if redmine_database := _redmine_database(settings):
                opened.callback(redmine_database.close)
                listed.append(redmine_health.database(redmine_database, client))
        if erp := directory_wiring.oracle(settings):
            from helpdesk.people.oracle_erp import health as oracle_health

            opened.push_async_callback(erp.close)
            listed.append(oracle_health.check(erp))
        if directory := directory_wiring.ldap(settings):
            from helpdesk.people.ldap import health as ldap_health

            listed.append(ldap_health.check(directory))
        if settings.redis_url:
            listed.append(redis_wakeups.check(settings.redis_url, settings.secret_keys[0], settings.ca_bundle))
        if settings.outbound_proxy:
            listed.append(health.proxy(settings.outbound_proxy))
        yield listed


def schema_trouble(settings: Settings) -> Trouble | None:
    """Return the trouble with the tables of Redmine's database, if any; None also when it does not answer."""
    redmine_database = _redmine_database(settings)
    if redmine_database is None:
        return None
    from helpdesk.tasks.redmine import health as redmine_health

    try:
        return redmine_health.schema_trouble(redmine_database)
    finally:
        redmine_database.close()


def grants(settings: Settings) -> str:
    """Return the statements that create MYSQL_USER for MYSQL_DATABASE, or for the usual names."""
    from helpdesk.tasks.redmine.sql.schema_check import script

    return script(settings.mysql_database or "redmine", settings.mysql_user or "helpdesk", "%")


def own_account(signed_in: SignedIn) -> Actor:
    """Return the account itself, which is the person in the embedded backend."""
    person = signed_in.person
    return Actor(person.id, person.login, person.is_admin, signed_in.mark)


def redmine_user(signed_in: SignedIn) -> Actor:
    """Return the user of Redmine whom the person proved to be by signing in there. Raises NotAllowed for others."""
    person = signed_in.person
    if person.redmine_id is None:
        raise NotAllowed(NOT_LINKED)
    return Actor(person.redmine_id, person.redmine_username or person.login, session=signed_in.mark)
