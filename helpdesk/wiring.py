"""Choose the backend and the directories by the settings, and put the services together. Only this module and
`adapters.py` name adapters."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from helpdesk import adapters, news
from helpdesk.adapters import Outside
from helpdesk.encryption import Box
from helpdesk.errors import NotAllowed, sentence
from helpdesk.monitoring import monitoring
from helpdesk.notifications import feed_health
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.event_processing import records_visible_to
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.recipients import Recipients
from helpdesk.notifications.suppression import Suppression
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.authentication import Authentication
from helpdesk.people.blocked import BlockedPeople, Look
from helpdesk.people.directory import Directory
from helpdesk.people.grace import Grace
from helpdesk.people.local import LocalDirectory
from helpdesk.people.model import SignedIn
from helpdesk.posts.announcer import Announcer
from helpdesk.promises.service import Promises
from helpdesk.quality_control import quality_control
from helpdesk.reports.source import ReportSource
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
from helpdesk.store.people import Accounts
from helpdesk.supervision import BackgroundTask
from helpdesk.system_monitor import SystemMonitor
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.feed import Feed
from helpdesk.tasks.model import Actor
from helpdesk.telephony import numbers
from helpdesk.telephony.desk import Desk
from helpdesk.telephony.phone import Phone
from helpdesk.telephony.poller import Poller as CallPoller
from helpdesk.telephony.retention import Retention

if TYPE_CHECKING:
    from helpdesk.redmine_client import RedmineClient

COMPARED_PEOPLE = 50
DIRECTORIES = ("oracle", "ldap", "redmine", "local")
"""The order in which directories are asked, unless DIRECTORIES says another."""
NOT_LINKED = sentence("Your account is not linked with anybody in the task system. Please ask an administrator.")


class Tracker(NamedTuple):
    """The task system: its backend, and what belongs to it. `system` acts by our own key."""

    backend: Backend
    feed: Feed
    identify: Callable[[SignedIn], Actor]
    accounts: Accounts
    requests: Requests
    close: Callable[[], Awaitable[None]]
    reports: ReportSource | None
    system: Backend | None = None


def wire(settings: Settings, phone: Phone | None = None) -> Services:
    """Return the services with Redmine when REDMINE_URL is set, with the embedded backend otherwise.

    `phone` takes the place of the phone system that the settings name, as in the demo.
    """
    database, systems = Database(settings.database_url, settings.audit_days), adapters.outside(settings)
    systems = systems._replace(phone=phone or systems.phone)
    if systems.redmine:
        return _with_redmine(settings, database, systems, systems.redmine)
    return _embedded(settings, database, systems)


def _embedded(settings: Settings, database: Database, systems: Outside) -> Services:
    from helpdesk.store.blobs import Blobs
    from helpdesk.tasks.embedded.backend import EmbeddedBackend
    from helpdesk.tasks.embedded.feed import EmbeddedFeed
    from helpdesk.tasks.embedded.reports import EmbeddedReports
    from helpdesk.tasks.embedded.requests import EmbeddedRequests

    async def close() -> None:
        await systems.close()
        database.close()

    backend = EmbeddedBackend(database.for_backend(), Blobs(settings.files_folder))
    feed = EmbeddedFeed(database.for_backend(), is_named=partial(rights.is_named, settings.administrators))
    authentication, watchers = _authentication(settings, database, systems)
    accounts, rules = people.known_in_embedded, ownership_rules(settings, None)
    requests = _requests(database, backend, EmbeddedRequests(backend, rules), rules, Person.id, own_account, feed)
    reports = EmbeddedReports(database.for_backend())
    tracker = Tracker(backend, feed, own_account, accounts, requests, close, reports)
    return _services(settings, database, systems, tracker, authentication, watchers)


def _with_redmine(settings: Settings, database: Database, systems: Outside, client: "RedmineClient") -> Services:
    from helpdesk.people.redmine_keys import RedmineKeys
    from helpdesk.tasks.redmine.backend import RedmineBackend
    from helpdesk.tasks.redmine.consistency_check import ConsistencyCheck
    from helpdesk.tasks.redmine.feed import FallbackFeed, RestFeed, SqlFeed
    from helpdesk.tasks.redmine.reports import RedmineReports
    from helpdesk.tasks.redmine.requests import RedmineRequests
    from helpdesk.tasks.redmine.sql.source import Source

    acting = client
    if settings.redmine_act_as == "api-key":
        acting = adapters.redmine_client(settings, RedmineKeys(database, Box(settings.secret_keys)))

    async def close() -> None:
        await acting.close()
        await systems.close()
        database.close()

    async def recent_people() -> Sequence[int]:
        return await database.run(lambda db: people.recent_in_redmine(db, COMPARED_PEOPLE))

    source, rest_feed = None, RestFeed(client)
    feed: Feed = rest_feed
    authentication, watchers = _authentication(settings, database, systems)
    if systems.redmine_database:
        source = Source(systems.redmine_database)
        feed = FallbackFeed(SqlFeed(source), rest_feed)
        watchers = (ConsistencyCheck(client, source, recent_people).watch, *watchers)
    backend = RedmineBackend(acting, settings.redmine_text_format, source)
    system = RedmineBackend(client, settings.redmine_text_format, source) if acting is not client else backend
    accounts, rules = people.known_in_redmine, ownership_rules(settings, settings.redmine_anonymous_user_id)
    by_key = RedmineRequests(system, backend, rules, settings.requester_fields or (), systems.nameless)
    requests = _requests(database, system, by_key, rules, Person.redmine_id, redmine_user, feed)
    reports = RedmineReports(source) if source else None
    tracker = Tracker(backend, feed, redmine_user, accounts, requests, close, reports, system)
    return _services(settings, database, systems, tracker, authentication, watchers)


def _authentication(
    settings: Settings, database: Database, systems: Outside
) -> tuple[Authentication, tuple[BackgroundTask, ...]]:
    """Return the directories that are set, in their order, and the watcher of people whom they block."""
    from helpdesk.people.redmine import RedmineDirectory
    from helpdesk.people.redmine_binding import RedmineBinding

    available: dict[str, Directory] = {"local": LocalDirectory(database)}
    looks: dict[str, Look] = {}
    if erp := systems.erp:
        available["oracle"], looks["oracle"] = erp, erp.blocked
    if company := systems.ldap:
        available["ldap"], looks["ldap"] = company, company.blocked
    binding, named = None, settings.administrators or ()
    if systems.redmine:
        redmine = RedmineDirectory(systems.redmine)
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
    systems: Outside,
    tracker: Tracker,
    authentication: Authentication,
    watchers: tuple[BackgroundTask, ...],
) -> Services:
    """Add the poller of the feed and the channels, by which people are notified of events."""
    backend, feed, identify, accounts, requests, close, reports, system = tracker
    wakeups, wakeup_watchers = _wakeups(settings)
    named = partial(rights.administrators, named=settings.administrators or ())
    recipients = Recipients(feed, database, accounts, named, settings.timezone, requests)
    readers = Rules(accounts, settings.administrators or (), settings.netmonitor_access)
    checks = DeliveryChecks(feed, database, readers, requests, utc_now)
    outbox = Outbox(Resources(settings, database), checks, utc_now)

    def interval(now: datetime) -> float:
        return interval_at(now, settings.timezone, settings.poll_interval, settings.poll_schedule)

    poller = FeedPoller(feed, database, recipients, outbox, wakeups, interval, clock=utc_now)
    needs = "redmine" if systems.redmine else "database"
    of_feed = feed_health.check(lambda: poller.feed_status, utc_now, needs)
    hosts = monitoring(settings, database, system or backend, identify, readers, outbox, wakeups)
    listed = [*adapters.checks_of(settings, database, systems), of_feed, hosts.check]
    monitor = SystemMonitor(listed, database, named, outbox, wakeups, utc_now, settings.timezone)
    announcer = Announcer(database, outbox, wakeups, utc_now, settings.timezone, settings.administrators or ())
    desk = _desk(settings, database, systems.phone, wakeups)

    async def close_all() -> None:
        await hosts.monitor.close()
        await close()

    # Calls that were logged once go in time, also where there is no phone system any more.
    call_watchers = (
        *((desk.poller.watch, desk.leaving.watch) if desk else ()),
        Retention(database, settings.calls_days, utc_now).watch,
    )
    wired = Services(
        settings,
        database,
        backend,
        authentication,
        accounts,
        identify,
        close_all,
        wakeups,
        Suppression(feed, database, recipients, wakeups, utc_now),
        feed_status=lambda: poller.feed_status,
        visible_to=records_visible_to(feed),
        system_monitor=monitor,
        outbox=outbox,
        readers=readers,
        requests=requests,
        desk=desk,
        netmonitor=hosts.monitor,
        promises=Promises(database, reports, (system or backend).statuses, utc_now),
        watchers=(
            *watchers,
            *wakeup_watchers,
            *outbox.watchers,
            poller.watch,
            monitor.watch,
            announcer.watch,
            *call_watchers,
            *hosts.watchers,
        ),
        reports=reports,
        quality=quality_control(settings, database, systems, reports, identify),
    )
    return replace(wired, watchers=(*wired.watchers, *news.watchers(wired)))


def _desk(settings: Settings, database: Database, phone: Phone | None, wakeups: Wakeups) -> Desk | None:
    """Return the call desk over the phone system; None without one."""
    if phone is None:
        return None
    box = Box(settings.secret_keys)
    key_of = partial(numbers.key_of, prefixes=settings.phone_trunk_prefixes)
    return Desk(phone, database, box, CallPoller(phone, database, box, wakeups, utc_now, key_of), utc_now)


def ownership_rules(settings: Settings, anonymous_id: int | None) -> OwnershipRules:
    """Return the settings that decide whose a request is; nobody owns what the anonymous user is the author of."""
    return OwnershipRules(aliases_of(settings.email_aliases or ()), anonymous_id)


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
