"""Choose the adapters by the settings. No other module names them; a client library is imported only when needed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from helpdesk import health, tls
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
from helpdesk.people.blocked import BlockedPeople, Look
from helpdesk.people.directory import Directory
from helpdesk.people.grace import Grace
from helpdesk.people.local import LocalDirectory
from helpdesk.people.model import SignedIn
from helpdesk.people.rights import GRANTED
from helpdesk.services import Services, utc_now
from helpdesk.settings.poll_schedule import interval_at
from helpdesk.settings.settings import Settings
from helpdesk.settings.sources import Problem, SettingsError
from helpdesk.store import people, rights
from helpdesk.store.database import Database
from helpdesk.supervision import BackgroundTask
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.feed import Feed
from helpdesk.tasks.model import Actor

if TYPE_CHECKING:
    from helpdesk.people.ldap.directory import LdapDirectory
    from helpdesk.people.oracle_erp.directory import OracleDirectory
    from helpdesk.people.redmine_keys import RedmineKeys
    from helpdesk.redmine_client import RedmineClient
    from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

COMPARED_PEOPLE = 50
DIRECTORIES = ("oracle", "ldap", "redmine", "local")
"""The order in which directories are asked, unless DIRECTORIES says another."""
NOT_LINKED = sentence("Your account is not linked with anybody in the task system. Please ask an administrator.")


def wire(settings: Settings) -> Services:
    """Return the services with Redmine when REDMINE_URL is set, with the embedded backend otherwise."""
    database, erp = Database(settings.database_url, settings.audit_days), oracle(settings)
    return _with_redmine(settings, database, erp) if settings.redmine_url else _embedded(settings, database, erp)


def _embedded(settings: Settings, database: Database, erp: "OracleDirectory | None") -> Services:
    from helpdesk.store.tracker.files import Blobs
    from helpdesk.tasks.embedded.backend import EmbeddedBackend
    from helpdesk.tasks.embedded.feed import EmbeddedFeed

    async def close() -> None:
        if erp:
            await erp.close()
        database.close()

    backend = EmbeddedBackend(database.for_backend(), Blobs(settings.files_folder))
    feed = EmbeddedFeed(database.for_backend(), is_named=partial(rights.is_named, settings.administrators))
    authentication, watchers = _authentication(settings, database, erp)
    accounts = people.known_in_embedded
    return _services(settings, database, backend, authentication, own_account, close, feed, accounts, watchers)


def _with_redmine(settings: Settings, database: Database, erp: "OracleDirectory | None") -> Services:
    from helpdesk.people.redmine_keys import RedmineKeys
    from helpdesk.tasks.redmine.backend import RedmineBackend
    from helpdesk.tasks.redmine.consistency_check import ConsistencyCheck
    from helpdesk.tasks.redmine.feed import FallbackFeed, RestFeed, SqlFeed
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
    authentication, watchers = _authentication(settings, database, erp, client)
    if redmine_database:
        source = Source(redmine_database)
        feed = FallbackFeed(SqlFeed(source), rest_feed)
        watchers = (ConsistencyCheck(client, source, recent_people).watch, *watchers)
    backend = RedmineBackend(acting, settings.redmine_text_format, source)
    accounts = people.known_in_redmine
    return _services(settings, database, backend, authentication, redmine_user, close, feed, accounts, watchers)


def _authentication(
    settings: Settings, database: Database, erp: "OracleDirectory | None", client: "RedmineClient | None" = None
) -> tuple[Authentication, tuple[BackgroundTask, ...]]:
    """Return the directories that are set, in their order, and the watcher of people whom they block."""
    from helpdesk.people.redmine import RedmineDirectory
    from helpdesk.people.redmine_binding import RedmineBinding

    available: dict[str, Directory] = {"local": LocalDirectory(database)}
    looks: dict[str, Look] = {}
    if erp:
        available["oracle"], looks["oracle"] = erp, erp.blocked
    if company := ldap(settings):
        available["ldap"], looks["ldap"] = company, company.blocked
    binding, named = None, settings.administrators or ()
    if client:
        redmine = RedmineDirectory(client)
        box = Box(settings.secret_keys) if settings.redmine_act_as == "api-key" else None
        binding = RedmineBinding(database, redmine, settings.redmine_match, box, utc_now, named)
        available["redmine"], looks["redmine"] = redmine, redmine.blocked
    grace = Grace(database, settings.erp_grace, utc_now) if settings.erp_grace else None
    ordered = tuple(available[name] for name in settings.directories or DIRECTORIES if name in available)
    authentication = Authentication(database, ordered, utc_now, grace, binding, settings.join_by_email, named)
    return authentication, (BlockedPeople(database, looks, utc_now).watch,) if looks else ()


def _services(
    settings: Settings,
    database: Database,
    backend: Backend,
    authentication: Authentication,
    identify: Callable[[SignedIn], Actor],
    close: Callable[[], Awaitable[None]],
    feed: Feed,
    accounts: Accounts,
    watchers: tuple[BackgroundTask, ...] = (),
) -> Services:
    """Add the poller of the feed and the channels, by which people are notified of events."""
    wakeups, wakeup_watchers = _wakeups(settings)
    named = partial(rights.administrators, named=settings.administrators or ())
    recipients = Recipients(feed, database, accounts, named, settings.timezone)
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
        watchers=(*watchers, *wakeup_watchers, *dispatcher.watchers, poller.watch),
    )


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


def oracle(settings: Settings) -> "OracleDirectory | None":
    """Return the directory of the Oracle ERP when ORACLE_HOST is set. It connects with the first look-up."""
    if settings.oracle_host is None:
        return None
    from helpdesk.people.oracle_erp import connection, directory, statements

    names = settings.oracle_service or "", settings.oracle_user or ""
    account = connection.account(settings.oracle_host, settings.oracle_port, *names, settings.oracle_password or "")
    asked = statements.statements(settings.oracle_sql_check, settings.oracle_sql_profile, settings.oracle_sql_vpn)
    return directory.OracleDirectory(account, asked, checks_passwords=settings.oracle_login_check)


def ldap(settings: Settings) -> "LdapDirectory | None":
    """Return the directory over LDAP when LDAP_URL is set. It connects with the first look-up."""
    if settings.ldap_url is None:
        return None
    from helpdesk.people.ldap.connection import Account, Server
    from helpdesk.people.ldap.directory import LdapDirectory
    from helpdesk.people.ldap.lookup import Lookup
    from helpdesk.people.ldap.schema import SCHEMAS

    if not set((settings.ldap_group_rights or {}).values()) <= set(GRANTED):
        hint = f"Give some of {', '.join(GRANTED)}"
        raise SettingsError([Problem("LDAP_GROUP_RIGHTS", "names a right that can't be granted", hint)])
    context = tls.context(settings.ldap_ca_bundle or settings.ca_bundle)
    service = Account(settings.ldap_bind_dn or "", settings.ldap_bind_password or "")
    lookup = Lookup(
        settings.ldap_base_dn or "",
        SCHEMAS[settings.ldap_schema],
        settings.ldap_user_filter,
        settings.ldap_group_rights or {},
    )
    return LdapDirectory(Server(settings.ldap_url, settings.ldap_starttls, context), service, lookup)


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
        if erp := oracle(settings):
            from helpdesk.people.oracle_erp import health as oracle_health

            opened.push_async_callback(erp.close)
            listed.append(oracle_health.check(erp))
        if directory := ldap(settings):
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
