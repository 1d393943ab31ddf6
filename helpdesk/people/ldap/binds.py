"""Bind by an open connection: as our service account, or as a person whose password is checked."""

import logging

from helpdesk.people.ldap import failures
from helpdesk.people.ldap.connection import Connection

log = logging.getLogger(__name__)


def as_service(connection: Connection) -> None:
    """Become the service account. Raises ServiceRefused."""
    number = connection.bind()
    if number in failures.WRONG_PASSWORD or number in failures.BY_POLICY:
        raise failures.ServiceRefused
    if number != failures.SUCCESS:
        raise failures.of_result(number)


def as_person(connection: Connection) -> bool:
    """Return whether the server takes the person's password. Raises DirectoryUnavailable when it is busy.

    Any other answer concerns this person: the server has just answered our own account.
    """
    number = connection.bind()
    if number in failures.BUSY:
        raise failures.of_result(number)
    if number != failures.SUCCESS and number not in failures.WRONG_PASSWORD:
        level = logging.INFO if number in failures.BY_POLICY else logging.WARNING
        why = {"dn": connection.account.dn, "answer": failures.name_of(number)}
        log.log(level, "LDAP refuses a person for another reason than a wrong password", extra=why)
    return number == failures.SUCCESS
