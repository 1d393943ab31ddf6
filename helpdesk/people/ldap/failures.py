"""Failures of an LDAP server, told apart by the number of its answer and never by its text, which may name people."""

import ssl

from ldap3.core.exceptions import LDAPInvalidFilterError
from ldap3.core.results import RESULT_CODES

from helpdesk import tls
from helpdesk.errors import DirectoryUnavailable, Misconfigured, Sentence, sentence
from helpdesk.texts import in_english

SUCCESS, SIZE_LIMIT_EXCEEDED, NO_SUCH_OBJECT, INVALID_DN, INVALID_CREDENTIALS = 0, 4, 32, 34, 49
WRONG_PASSWORD = {
    INVALID_CREDENTIALS,  # also when disabled, expired or locked in Active Directory, which tells the reason as text
    48,  # the entry has no password
    NO_SUCH_OBJECT,
    INVALID_DN,
}
"""Answers to a bind that mean: nobody has this name and this password."""
BY_POLICY = {19, 53}
"""The account is inactive, locked, or has to change its password first."""
BUSY = {51, 52}
NO_STARTTLS = (
    sentence("it knows no StartTLS"),
    sentence("Let its server speak TLS, or ask it by ldaps://. LDAP_STARTTLS=off would send passwords in clear."),
)
REFUSED = (
    sentence("it refuses our account"),
    sentence("Check LDAP_BIND_DN and LDAP_BIND_PASSWORD, and that the account is not locked."),
)
MAY_NOT_READ = (
    sentence("our account may not search there"),
    sentence("Allow the account of LDAP_BIND_DN to read the people there."),
)
ENCRYPTED_ALONE = (
    sentence("it takes encrypted connections alone"),
    sentence("Ask it by ldaps://, or with LDAP_STARTTLS=on."),
)
WRONG_FILTER = (sentence("the filter of people can't be read"), sentence("Check LDAP_USER_FILTER."))
MISCONFIGURED = {
    1: MAY_NOT_READ,  # Active Directory, to nobody
    50: MAY_NOT_READ,
    8: ENCRYPTED_ALONE,
    13: ENCRYPTED_ALONE,
    10: (
        sentence("it refers us to another server, which is not asked"),
        sentence("Check LDAP_BASE_DN, and that LDAP_URL holds it."),
    ),
    SIZE_LIMIT_EXCEEDED: (
        sentence("it returns only some of the people"),
        sentence("Raise its limit of size for the account LDAP_BIND_DN."),
    ),
    18: WRONG_FILTER,
    21: WRONG_FILTER,
    NO_SUCH_OBJECT: (
        sentence("it holds no such part"),
        sentence("Check LDAP_BASE_DN, and that our account may see it."),
    ),
    INVALID_DN: (
        sentence("a name in the settings is no distinguished name"),
        sentence("Check LDAP_BASE_DN."),
    ),
}
"""By the numbers of RFC 4511: the reason, and an advice."""


class Fault(Misconfigured):
    """A setting does not fit the server: the reason (half a sentence), and an advice (a whole one)."""

    def __init__(self, reason: Sentence, advice: Sentence) -> None:
        super().__init__(detail=f"LDAP: {in_english(reason)}. {in_english(advice)}")
        self.reason, self.advice = reason, advice


class ServiceRefused(Fault):
    """The server refuses the account that finds people. Asking again and again would lock it."""

    def __init__(self) -> None:
        super().__init__(*REFUSED)


class NotAsked(DirectoryUnavailable):
    """The server was not asked, so it is not known to be down."""


def silent(reason: str) -> DirectoryUnavailable:
    return DirectoryUnavailable(detail=f"LDAP: {reason}")


def of_result(number: int) -> DirectoryUnavailable:
    """Return the error of an answer other than success."""
    fault = MISCONFIGURED.get(number)
    return Fault(*fault) if fault else silent(f"it answers {name_of(number)}")


def name_of(number: int) -> str:
    """Return the number of an answer with its name in the standard."""
    return f"{number} ({RESULT_CODES.get(number, 'unknown')})"


def of_exception(error: Exception, handshake: Exception | None) -> DirectoryUnavailable:
    """Return the error that an exception of ldap3 means, without its text, which may hold a filter or a name.

    `handshake` is why there is no encryption, which ldap3 hides.
    """
    if isinstance(error, DirectoryUnavailable):
        return error
    if isinstance(error, LDAPInvalidFilterError):
        return Fault(*WRONG_FILTER)
    if isinstance(handshake, ssl.SSLError) and not isinstance(handshake, ssl.SSLEOFError):
        refusal = tls.refusal(handshake, "LDAP_URL", "LDAP_CA_BUNDLE")
        if refusal:
            return Fault(*refusal)
    return silent(f"no answer ({type(handshake or error).__name__})")
