"""Choose the directories of people by the settings, as `wiring` chooses the rest."""

from typing import TYPE_CHECKING

from helpdesk import tls
from helpdesk.encryption import Box
from helpdesk.people.authentication import Authentication
from helpdesk.people.blocked import BlockedPeople, Look
from helpdesk.people.directory import Directory
from helpdesk.people.grace import Grace
from helpdesk.people.local import LocalDirectory
from helpdesk.people.rights import GRANTED
from helpdesk.services import utc_now
from helpdesk.settings.settings import Settings
from helpdesk.settings.sources import Problem, SettingsError
from helpdesk.store.database import Database
from helpdesk.supervision import BackgroundTask

if TYPE_CHECKING:
    from helpdesk.people.ldap.directory import LdapDirectory
    from helpdesk.people.oracle_erp.directory import OracleDirectory
    from helpdesk.redmine_client import RedmineClient

DIRECTORIES = ("oracle", "ldap", "redmine", "local")
"""The order in which directories are asked, unless DIRECTORIES says another."""


def authentication(
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
    found = Authentication(database, ordered, utc_now, grace, binding, settings.join_by_email, named)
    return found, (BlockedPeople(database, looks, utc_now).watch,) if looks else ()


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
