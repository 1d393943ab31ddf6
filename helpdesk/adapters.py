"""Make the adapters of outside systems by the settings, and list their checks. Client libraries are imported only when
needed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from helpdesk import health, tls
from helpdesk.health import Check, Trouble
from helpdesk.notifications import channel_health
from helpdesk.people.rights import GRANTED
from helpdesk.quality.procedures import Procedures
from helpdesk.reports.source import ReportSource
from helpdesk.settings.settings import Settings
from helpdesk.settings.sources import Problem, SettingsError
from helpdesk.store import request_categories
from helpdesk.store.database import Database
from helpdesk.tasks.model import Actor

if TYPE_CHECKING:
    from helpdesk.people.ldap.directory import LdapDirectory
    from helpdesk.people.oracle_erp.directory import OracleDirectory
    from helpdesk.people.redmine_keys import RedmineKeys
    from helpdesk.redmine_client import RedmineClient
    from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
    from helpdesk.telephony.finesse.phone import FinessePhone
    from helpdesk.telephony.phone import Phone


SECOND = "The second Redmine's database"


class Outside(NamedTuple):
    """The adapters of outside systems; None for those that are not set. `nameless` asks Redmine without a key, and
    `quality_database` is that of a second Redmine."""

    redmine: "RedmineClient | None"
    nameless: "RedmineClient | None"
    redmine_database: "RedmineDatabase | None"
    erp: "OracleDirectory | None"
    ldap: "LdapDirectory | None"
    phone: "Phone | None"
    quality_database: "RedmineDatabase | None" = None

    async def close(self) -> None:
        for client in (self.redmine, self.nameless, self.phone):
            if client:
                await client.close()
        for database in (self.redmine_database, self.quality_database):
            if database:
                database.close()
        if self.erp:
            await self.erp.close()


def outside(settings: Settings) -> Outside:
    """Return the adapters that the settings ask for. Each connects with its first call."""
    has_redmine = bool(settings.redmine_url)
    return Outside(
        redmine_client(settings) if has_redmine else None,
        nameless_redmine_client(settings) if has_redmine else None,
        redmine_database(settings) if has_redmine else None,
        oracle(settings),
        ldap(settings),
        phone(settings),
        quality_database(settings),
    )


def redmine_client(settings: Settings, own_keys: "RedmineKeys | None" = None) -> "RedmineClient":
    """Return a client with our own key, or with each person's."""
    from helpdesk.redmine_client import RedmineClient

    authorities = settings.redmine_ca_bundle or settings.ca_bundle
    return RedmineClient(
        settings.redmine_url or "", settings.redmine_api_key or "", ca_bundle=authorities, auth=own_keys
    )


def nameless_redmine_client(settings: Settings) -> "RedmineClient | None":
    """Return a client without a key, for the requests of people without an account; None when nobody writes them."""
    from helpdesk.redmine_client import RedmineClient

    if settings.redmine_anonymous_user_id is None:
        return None
    return RedmineClient(settings.redmine_url or "", "", ca_bundle=settings.redmine_ca_bundle or settings.ca_bundle)


def redmine_database(settings: Settings) -> "RedmineDatabase | None":
    """Return Redmine's database when MYSQL_* is set. It connects with the first query."""
    if settings.mysql_url is None:
        return None
    from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

    encryption = tls.for_mysql(settings.mysql_ssl_mode, settings.mysql_ssl_ca or settings.ca_bundle)
    return RedmineDatabase(settings.mysql_url, settings.redmine_db_timezone, tls=encryption)


def quality_database(settings: Settings) -> "RedmineDatabase | None":
    """Return the second Redmine's database when MYSQL_QUALITY_* is set. It connects with the first query."""
    if settings.mysql_quality_url is None:
        return None
    from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

    authorities = settings.mysql_quality_ssl_ca or settings.ca_bundle
    encryption = tls.for_mysql(settings.mysql_quality_ssl_mode, authorities)
    return RedmineDatabase(
        settings.mysql_quality_url, settings.quality_zone or settings.timezone, tls=encryption, name=SECOND
    )


class SecondRedmine(NamedTuple):
    """The adapters of a second Redmine. `namesake` finds its user by a login or an e-mail."""

    reports: ReportSource
    procedures: Procedures
    namesake: Callable[[str, str], Awaitable[Actor | None]]


def second_redmine(database: "RedmineDatabase") -> SecondRedmine:
    """Return the adapters of the second Redmine's database."""
    from helpdesk.tasks.redmine.procedures import RedmineProcedures
    from helpdesk.tasks.redmine.reports import RedmineReports
    from helpdesk.tasks.redmine.sql.namesakes import namesake
    from helpdesk.tasks.redmine.sql.source import Source

    return SecondRedmine(RedmineReports(Source(database)), RedmineProcedures(database), partial(namesake, database))


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


def phone(settings: Settings) -> "FinessePhone | None":
    """Return the phone system when FINESSE_BASE_URL is set. It connects with the first call."""
    if settings.finesse_nodes is None:
        return None
    from helpdesk.telephony.finesse.phone import FinessePhone

    checked = settings.finesse_verify_ssl
    context = tls.context(settings.finesse_ca_bundle or settings.ca_bundle) if checked else tls.unchecked()
    return FinessePhone(settings.finesse_nodes, context)


def checks_of(settings: Settings, store: Database, systems: Outside) -> list[Check]:
    """Return the checks of our store and of all systems that are set, made by these very adapters.

    They remember an account that was refused, so that checks never try it again and again until it is locked.
    """
    listed = [health.store(store)]
    if systems.redmine:
        from helpdesk.tasks.redmine import health as redmine_health

        listed.append(redmine_health.rest(systems.redmine))
        if systems.redmine_database:
            listed.append(redmine_health.database(systems.redmine_database, systems.redmine))
        if settings.requester_fields or systems.nameless:
            listed.append(_check_of_requests(settings, store, systems, systems.redmine))
    if systems.quality_database:
        from helpdesk.tasks.redmine import health as redmine_health

        listed.append(redmine_health.second(systems.quality_database))
    if systems.erp:
        from helpdesk.people.oracle_erp import health as oracle_health

        listed.append(oracle_health.check(systems.erp))
    if systems.ldap:
        from helpdesk.people.ldap import health as ldap_health

        listed.append(ldap_health.check(systems.ldap))
    if settings.finesse_nodes and systems.phone:
        from helpdesk.telephony.finesse import health as finesse_health

        listed.append(finesse_health.check(systems.phone))
    if settings.redis_url:
        from helpdesk.notifications import redis_wakeups

        listed.append(redis_wakeups.check(settings.redis_url, settings.secret_keys[0], settings.ca_bundle))
    if settings.sends_mail:
        from helpdesk.notifications.channels.email import health as email_health

        listed.append(channel_health.check("email", store, email_health.check(settings)))
    if settings.outbound_proxy:
        listed.append(health.proxy(settings.outbound_proxy))
    are_set = {"webpush": settings.sends_web_push, "fcm": settings.sends_fcm}
    return [*listed, *(channel_health.check(name, store) for name, is_set in are_set.items() if is_set)]


def _check_of_requests(settings: Settings, store: Database, systems: Outside, client: "RedmineClient") -> Check:
    from helpdesk.tasks.redmine import requests_health

    async def places() -> set[int]:
        return await store.run(lambda db: {it.project_id for it in request_categories.active(db)})

    fields, number = settings.requester_fields or (), settings.redmine_anonymous_user_id
    return requests_health.check(client, systems.nameless, systems.redmine_database, fields, number, places)


@asynccontextmanager
async def checks(settings: Settings) -> AsyncIterator[list[Check]]:
    """Yield the checks of all configured systems, with connections of their own for the length of the block."""
    store, systems = Database(settings.database_url), outside(settings)
    try:
        yield checks_of(settings, store, systems)
    finally:
        await systems.close()
        store.close()


def schema_trouble(settings: Settings) -> Trouble | None:
    """Return the trouble with the tables of Redmine's database, if any; None also when it does not answer."""
    database = redmine_database(settings)
    if database is None:
        return None
    from helpdesk.tasks.redmine import health as redmine_health

    try:
        return redmine_health.schema_trouble(database)
    finally:
        database.close()


def grants(settings: Settings) -> str:
    """Return the statements that create MYSQL_USER for MYSQL_DATABASE, or for the usual names, and those of the second
    Redmine if one is set."""
    from helpdesk.tasks.redmine.sql.schema_check import script, second_script

    first = script(settings.mysql_database or "redmine", settings.mysql_user or "helpdesk", "%")
    if settings.mysql_quality_database is None:
        return first
    second = second_script(settings.mysql_quality_database, settings.mysql_quality_user or "helpdesk", "%")
    return f"{first}\n\n-- In the second Redmine's database server, for quality control:\n{second}"
