"""Know the names of attributes by the kind of server, and make profiles of entries."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from ldap3 import DEREF_NEVER, SUBTREE
from ldap3.core.exceptions import LDAPExceptionError, LDAPInvalidDnError
from ldap3.operation.search import search_operation
from ldap3.utils.asn1 import encode
from ldap3.utils.conv import escape_bytes
from ldap3.utils.dn import parse_dn
from pyasn1.error import PyAsn1Error

from helpdesk.people.directory import Profile

MEMBER_OF = "memberOf"
LOCKED_FOR_GOOD = b"000001010000Z"
DISABLED = 2  # a bit of userAccountControl
LONGEST = 1_000  # characters of a value that are read; the store keeps fewer
LONGEST_ID = 200
UUID_BYTES = 16
ESCAPED = re.compile(r"(?:\\[0-9a-fA-F]{2})+|\\.", re.DOTALL)


def _line(value: bytes) -> str:
    return " ".join(value.decode(errors="replace").split())[:LONGEST]


class Entry(NamedTuple):
    """An entry of the server. The names of its attributes are in lower case."""

    dn: str
    values: Mapping[str, Sequence[bytes]]

    def raw(self, name: str) -> bytes:
        """Return the first value of an attribute, or nothing."""
        return next(iter(self.values.get(name.lower(), ())), b"")

    def text(self, *names: str) -> str:
        """Return the first of these attributes that has a value, as one line."""
        return next(filter(None, (_line(self.raw(name)) for name in names)), "")

    def folded(self, name: str) -> set[str]:
        """Return all values of an attribute, for comparing without regard to case."""
        return {_line(value).casefold() for value in self.values.get(name.lower(), ())}


class Schema(NamedTuple):
    """The attributes of a person, and the usual filter. Of several names the first one with a value counts."""

    user_filter: str
    login: str
    id: str
    full_name: tuple[str, ...]
    department: tuple[str, ...]
    state: str  # the attribute that `is_blocked` reads
    is_blocked: Callable[[bytes], bool]
    email: str = "mail"
    position: str = "title"
    office: str = "physicalDeliveryOfficeName"
    phone: str = "telephoneNumber"

    @property
    def attributes(self) -> tuple[str, ...]:
        """Return the names of all attributes that we read; some servers send these only when they are named."""
        several = (*self.full_name, *self.department)
        return (
            self.login,
            self.id,
            *several,
            self.state,
            self.email,
            self.position,
            self.office,
            self.phone,
            MEMBER_OF,
        )


def _is_disabled(control: bytes) -> bool:
    return control.isdigit() and bool(int(control) & DISABLED)


def _is_locked_for_good(since: bytes) -> bool:
    """Tell whether an administrator locked the account. A lock after wrong passwords has a time here, and passes."""
    return since == LOCKED_FOR_GOOD


SCHEMAS = {
    "inetorgperson": Schema(
        "(&(objectClass=person)(uid={login}))",
        login="uid",
        id="entryUUID",
        full_name=("displayName", "cn"),
        department=("ou", "departmentNumber"),
        state="pwdAccountLockedTime",
        is_blocked=_is_locked_for_good,
    ),
    "active-directory": Schema(
        "(&(objectCategory=person)(objectClass=user)(!(objectClass=computer))(sAMAccountName={login}))",
        login="sAMAccountName",
        id="objectGUID",
        full_name=("displayName", "cn"),
        department=("department",),
        state="userAccountControl",
        is_blocked=_is_disabled,
    ),
}


def profile_of(entry: Entry, schema: Schema) -> Profile:
    """Return the profile of a person's entry, without rights."""
    login = entry.text(schema.login)
    return Profile(
        login,
        full_name=entry.text(*schema.full_name) or login,
        email=entry.text(schema.email),
        department=entry.text(*schema.department),
        position=entry.text(schema.position),
        office=entry.text(schema.office),
        phone=entry.text(schema.phone),
        is_blocked=schema.is_blocked(entry.raw(schema.state)),
        id=_id(entry.raw(schema.id)),
    )


def _id(value: bytes) -> str:
    """Return an id as text: Active Directory tells 16 bytes, the first three parts of them in reverse order."""
    return str(UUID(bytes_le=value)) if len(value) == UUID_BYTES else value.decode(errors="replace")[:LONGEST_ID]


def escaped(text: str) -> str:
    """Escape every byte of a value for a filter, so that no character of it means anything."""
    return str(escape_bytes(text.encode()))


def is_filter(text: str) -> bool:
    """Tell whether a filter can be sent: it is made into a request as ldap3 does, which fails in many ways."""
    try:
        encode(search_operation("", text, SUBTREE, DEREF_NEVER, [], 0, 0, False, auto_escape=True, auto_encode=True))
    except (LDAPExceptionError, PyAsn1Error, ValueError, LookupError, TypeError, AttributeError):
        return False
    return True


def normal_dn(dn: str) -> tuple[tuple[str, str, str], ...]:
    """Return a distinguished name for comparing: without regard to case, spaces and ways of escaping."""
    try:
        parts = parse_dn(dn, strip=True)
    except LDAPInvalidDnError:
        return (("", dn.casefold(), ""),)
    return tuple((name.lower(), _unescaped(value), separator) for name, value, separator in parts)


def _unescaped(value: str) -> str:
    def plain(found: re.Match[str]) -> str:
        code = found[0].replace("\\", "")
        return bytes.fromhex(code).decode(errors="replace") if len(found[0]) > 2 else code

    return " ".join(ESCAPED.sub(plain, value).split()).casefold()
