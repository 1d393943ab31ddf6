"""Find people and their rights by an open connection, as the service account."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from typing import NamedTuple

from helpdesk.people.directory import MOST_FOUND, Profile
from helpdesk.people.ldap.connection import Connection
from helpdesk.people.ldap.failures import Fault, ServiceRefused
from helpdesk.people.ldap.schema import MEMBER_OF, Entry, Schema, escaped, normal_dn, profile_of
from helpdesk.store import people

NOBODY = ("it holds nobody whom the filter finds", "Check LDAP_BASE_DN, LDAP_SCHEMA and LDAP_USER_FILTER.")
NO_GROUP = ("it holds no group {}", "Check LDAP_GROUP_RIGHTS, and that our account may see that group.")

log = logging.getLogger(__name__)


class Found(NamedTuple):
    dn: str
    profile: Profile


class Lookup:
    """Find people below `base` by the filter, and their rights by the distinguished names of groups."""

    def __init__(self, base: str, schema: Schema, user_filter: str | None, group_rights: Mapping[str, str]) -> None:
        self.base, self.schema = base, schema
        self.user_filter = user_filter or schema.user_filter
        self.group_rights = group_rights

    def one(self, connection: Connection, login: str) -> Found | None:
        """Return the only person with this login; None for none, and for several."""
        self.bind(connection)
        query = self.user_filter.replace("{login}", escaped(login))
        entries = connection.search(self.base, query, self.schema.attributes, 2)
        if len(entries) > 1:
            log.error("several people have one login, and can't sign in", extra={"dns": [it.dn for it in entries]})
        if len(entries) != 1:
            return None
        profile = profile_of(entries[0], self.schema)
        if not _has_login(profile):
            why = {"dn": entries[0].dn, "attribute": self.schema.login}
            log.error("somebody who was found has no login, or one that is too long", extra=why)
            return None
        return Found(entries[0].dn, profile._replace(rights=self._rights(connection, entries[0], profile.login)))

    def several(self, connection: Connection, text: str) -> list[Profile]:
        """Return people whose login, name or e-mail contains the text, without their rights."""
        self.bind(connection)
        names = (self.schema.login, *self.schema.full_name, self.schema.email)
        parts = "".join(f"({name}=*{escaped(text)}*)" for name in names)
        query = f"(&{self._everybody}(|{parts}))"
        entries = connection.search(self.base, query, self.schema.attributes, MOST_FOUND)
        found = (profile_of(it, self.schema) for it in entries)
        return sorted((it for it in found if _has_login(it)), key=lambda it: (it.full_name.casefold(), it.login))

    def gone(self, connection: Connection, logins: Collection[str]) -> set[str]:
        """Return those of these logins that are blocked, or that not exactly one person has.

        Raises Fault when our account sees nobody any more, or the server does not return all: they may not be gone.
        """
        self.bind(connection)
        queries = "".join(self.user_filter.replace("{login}", escaped(login)) for login in logins)
        attributes = (self.schema.login, self.schema.state)
        entries = connection.search(self.base, f"(|{queries})", attributes)
        if not entries:
            self._require_somebody(connection)
        profiles = [profile_of(entry, self.schema) for entry in entries]
        held = Counter(it.login.casefold() for it in profiles)
        blocked = {it.login.casefold() for it in profiles if it.is_blocked}
        return {it for it in logins if held[it.casefold()] != 1 or it.casefold() in blocked}

    def examine(self, connection: Connection) -> None:
        """Raise Fault when nobody can be found, or a group that gives rights is missing."""
        self.bind(connection)
        self._require_somebody(connection)
        for group in self.group_rights:
            if connection.matches(group, "(objectClass=*)") is None:
                raise Fault(NO_GROUP[0].format(group), NO_GROUP[1])

    def bind(self, connection: Connection) -> None:
        """Become the service account. Raises ServiceRefused."""
        if not connection.bind():
            raise ServiceRefused

    def _require_somebody(self, connection: Connection) -> None:
        if not connection.search(self.base, self._everybody, [self.schema.login], 1):
            raise Fault(*NOBODY)

    @property
    def _everybody(self) -> str:
        return self.user_filter.replace("{login}", "*")

    def _rights(self, connection: Connection, entry: Entry, login: str) -> frozenset[str]:
        """Return the rights of the groups that the entry names, or that name the entry."""
        named = {normal_dn(each.decode(errors="replace")) for each in entry.values.get(MEMBER_OF.lower(), ())}
        dn = escaped(entry.dn)
        query = f"(|(member={dn})(uniqueMember={dn})(memberUid={escaped(login)}))"
        return frozenset(
            right
            for group, right in self.group_rights.items()
            if normal_dn(group) in named or self._is_member(connection, group, query)
        )

    def _is_member(self, connection: Connection, group: str, query: str) -> bool:
        member = connection.matches(group, query)
        if member is None:
            log.warning("a group of LDAP_GROUP_RIGHTS is missing", extra={"group": group})
        return bool(member)


def _has_login(profile: Profile) -> bool:
    return bool(profile.login) and people.fits("login", profile.login)
