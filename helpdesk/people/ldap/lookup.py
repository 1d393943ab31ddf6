"""Find people and their rights by an open connection, as the service account."""

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from secrets import token_hex
from typing import NamedTuple

from helpdesk.errors import sentence
from helpdesk.people.directory import MOST_FOUND, Profile
from helpdesk.people.ldap import binds
from helpdesk.people.ldap.connection import Connection
from helpdesk.people.ldap.failures import Fault
from helpdesk.people.ldap.schema import MEMBER_OF, Entry, Schema, escaped, is_filter, normal_dn, profile_of
from helpdesk.store import people
from helpdesk.store.directory_accounts import Known

NOBODY = (
    sentence("it holds nobody whom the filter finds"),
    sentence("Check LDAP_BASE_DN, LDAP_SCHEMA and LDAP_USER_FILTER."),
)
CHECK_GROUPS = sentence("Check LDAP_GROUP_RIGHTS.")
SHOW_GROUP = sentence("Check LDAP_GROUP_RIGHTS, and that our account may see that group.")
ANYBODY = (
    sentence("its filter finds somebody for a login that nobody has"),
    sentence("Check LDAP_USER_FILTER: it may find those alone whose login is {login}."),
)
GROUP = (
    "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass=group)"
    "(member=*)(uniqueMember=*)(memberUid=*))"
)

log = logging.getLogger(__name__)


class Found(NamedTuple):
    entry: Entry
    profile: Profile  # without rights


class Lookup:
    """Find people below `base` by the filter, and their rights by the distinguished names of groups."""

    def __init__(self, base: str, schema: Schema, user_filter: str | None, group_rights: Mapping[str, str]) -> None:
        self.base, self.schema = base, schema
        self.user_filter = user_filter or schema.user_filter
        self.group_rights = group_rights
        self.is_readable = is_filter(self._query("login")) and is_filter(self._everybody)

    def one(self, connection: Connection, login: str) -> Found | None:
        """Return the only person with this login; None for none, and for several."""
        binds.as_service(connection)
        entries = connection.search(self.base, self._query(login), self.schema.attributes, 2)
        if len(entries) > 1:
            log.error("several people have one login, and can't sign in", extra={"dns": [it.dn for it in entries]})
        if len(entries) != 1:
            return None
        profile = profile_of(entries[0], self.schema)
        if not _has_login(profile):
            why = {"dn": entries[0].dn, "attribute": self.schema.login}
            log.error("somebody who was found has no login, or one that is too long", extra=why)
            return None
        return Found(entries[0], profile)

    def with_rights(self, connection: Connection, found: Found) -> Profile:
        """Return the person's profile with the rights of groups that the entry names, or that name the entry."""
        binds.as_service(connection)
        named = {normal_dn(each.decode(errors="replace")) for each in found.entry.values.get(MEMBER_OF.lower(), ())}
        dn = escaped(found.entry.dn)
        query = f"(|(member={dn})(uniqueMember={dn})(memberUid={escaped(found.profile.login)}))"
        rights = frozenset(
            right
            for group, right in self.group_rights.items()
            if normal_dn(group) in named or _is_member(connection, group, query)
        )
        return found.profile._replace(rights=rights)

    def several(self, connection: Connection, text: str) -> list[Profile]:
        """Return people whose login, name or e-mail contains the text, without their rights."""
        binds.as_service(connection)
        names = (self.schema.login, *self.schema.full_name, self.schema.email)
        parts = "".join(f"({name}=*{escaped(text)}*)" for name in names)
        query = f"(&{self._everybody}(|{parts}))"
        entries = connection.search(self.base, query, self.schema.attributes, MOST_FOUND)
        found = (profile_of(it, self.schema) for it in entries)
        return sorted((it for it in found if _has_login(it)), key=lambda it: (it.full_name.casefold(), it.login))

    def gone(self, connection: Connection, accounts: Collection[Known]) -> set[int]:
        """Return the ids of those accounts whose people are blocked, or that not exactly one person has.

        A login that was given to somebody else counts as gone. Raises Fault when our account sees nobody any more, or
        the server does not return all: they may not be gone.
        """
        binds.as_service(connection)
        queries = "".join(self._query(it.login) for it in accounts)
        attributes = (self.schema.login, self.schema.id, self.schema.state)
        entries = connection.search(self.base, f"(|{queries})", attributes)
        if not entries:
            self._require_somebody(connection)
        people_found = [(it.folded(self.schema.login), profile_of(it, self.schema)) for it in entries]
        return {
            account.id
            for account in accounts
            if _is_gone(account, [person for logins, person in people_found if account.login.casefold() in logins])
        }

    def examine(self, connection: Connection) -> None:
        """Raise Fault when nobody can be found, or anybody, or what gives rights is no group."""
        binds.as_service(connection)
        self._require_somebody(connection)
        if connection.search(self.base, self._query(token_hex(16)), [self.schema.login], 1):
            raise Fault(*ANYBODY)
        for group in self.group_rights:
            if connection.matches(group, "(objectClass=*)") is None:
                raise Fault(sentence("it holds no group %(group)s", group=group), SHOW_GROUP)
            if not connection.matches(group, GROUP):
                raise Fault(sentence("%(group)s is no group", group=group), CHECK_GROUPS)

    def _require_somebody(self, connection: Connection) -> None:
        if not connection.search(self.base, self._everybody, [self.schema.login], 1):
            raise Fault(*NOBODY)

    def _query(self, login: str) -> str:
        return self.user_filter.replace("{login}", escaped(login))

    @property
    def _everybody(self) -> str:
        """The filter with any login. Beside a star of its own ours would be one too many."""
        return re.sub(r"\*+", "*", self.user_filter.replace("{login}", "*"))


def _is_member(connection: Connection, group: str, query: str) -> bool:
    member = connection.matches(group, query)
    if member is None:
        log.warning("a group of LDAP_GROUP_RIGHTS is missing", extra={"group": group})
    return bool(member)


def _is_gone(account: Known, holders: Sequence[Profile]) -> bool:
    """Tell whether none of those with the account's login is its person, by the directory's id where both have one."""
    known = account.directory_id
    persons = [it for it in holders if not (known and it.id) or it.id == known]
    return len(persons) != 1 or persons[0].is_blocked


def _has_login(profile: Profile) -> bool:
    return bool(profile.login) and people.fits("login", profile.login)
