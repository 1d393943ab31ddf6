"""What the errors of the Oracle ERP mean. The driver's classes do not tell them apart, so codes do.

No error's own text is passed on, except that of a wrong statement, which names tables and columns: newer databases put
values of the data into other texts.
"""

import re
from typing import TypeAlias

import oracledb

from helpdesk.errors import DirectoryUnavailable, Misconfigured, Sentence, sentence

DriverError: TypeAlias = oracledb.Error | OSError | ValueError | ArithmeticError
"""What the driver raises; a TimeoutError is an OSError, and answers that are no Oracle's raise ValueError."""
DRIVER_ERRORS = (oracledb.Error, OSError, ValueError, ArithmeticError)

ACCOUNT_REFUSED = {
    1005: sentence("ORACLE_PASSWORD is empty"),
    1017: sentence("it refuses ORACLE_USER with ORACLE_PASSWORD"),
    28000: sentence("the account ORACLE_USER is locked"),
    28001: sentence("the password of ORACLE_USER has expired"),
    1045: sentence("ORACLE_USER has no right to log on (CREATE SESSION)"),
}
LOGON_WRONG = {
    12660: sentence("it demands network encryption, which the driver can't do (SQLNET.ENCRYPTION_SERVER)"),
    28040: sentence(
        "it allows only ways to log on that the driver does not know (SQLNET.ALLOWED_LOGON_VERSION_SERVER)"
    ),
}
TOO_MANY_SESSIONS = {
    18: sentence("it has too many sessions"),
    20: sentence("it has too many processes"),
    2391: sentence("ORACLE_USER has too many sessions (SESSIONS_PER_USER)"),
}
SYNTAX = range(900, 1000)
NO_GRANT = 1031
STATEMENT_WRONG = {*SYNTAX, NO_GRANT, 1008, 1036, 1722}
"""The rest: a value for each bind is missing, a bind is unknown, a text is compared with a number."""
RAISED = range(20_000, 21_000)
"""The numbers that a statement's own functions raise."""
NAME_UNKNOWN = 12_154
DOWN = {*range(12_150, 12_700), 1033, 1034, 1035, 1090} - {NAME_UNKNOWN, *LOGON_WRONG}
"""In a call too these mean that the database is gone, or one that the statement reads over a link. Every other number
is the answer of a server that works. The driver itself knows those that end the session: to it they are DPY-4011."""
DRIVER_REFUSES = ("DPY-1003", "DPY-20", "DPY-30", "DPY-4008", "DPY-4009", "DPY-4010")
"""It is no query, its binds are others than ours, or the driver can't do what the server or the statement needs."""
CALL_TIMEOUT, NOT_CONNECTED, CLOSED = "DPY-4024", "DPY-6005", "DPY-4011"
REASONS = {
    "DPY-6000": sentence("its listener refuses the connection"),
    "DPY-6001": sentence("its listener knows no service of that name"),
    "DPY-6003": sentence("its listener knows no service of that name"),
    CLOSED: sentence("it closes the connection"),
    CALL_TIMEOUT: sentence("it does not answer in time"),
    "ORA-01033": sentence("it is just being started or stopped"),
    "ORA-01034": sentence("it is not running"),
    "ORA-01035": sentence("it lets in only administrators just now"),
    "TimeoutError": sentence("it does not answer in time"),
    "ConnectionRefusedError": sentence("nobody listens at ORACLE_HOST and ORACLE_PORT"),
    "gaierror": sentence("ORACLE_HOST has no address"),
}
NUMBER = re.compile(r"ORA-(\d{5})")
UNREACHABLE = sentence("it can not be reached")
LOGON_REFUSED = sentence("it refuses the log-on")
UNREACHABLE_BEYOND = sentence("a database that it reads can not be reached")
SILENT = sentence("it did not answer a moment ago")
NO_PLACE = sentence("all connections to it are taken")
NO_LOGON = sentence("others are still logging on to it")
KNOWN = {
    it.text: it
    for it in (
        *(it for listed in (ACCOUNT_REFUSED, LOGON_WRONG, TOO_MANY_SESSIONS) for it in listed.values()),
        *REASONS.values(),
        *(UNREACHABLE, LOGON_REFUSED, UNREACHABLE_BEYOND, SILENT, NO_PLACE, NO_LOGON),
    )
}
"""The sentences that details of errors begin with."""
LONGEST_TEXT = 200


class AccountRefused(Misconfigured):
    """The ERP does not let in the helpdesk's own account. Each further try could lock it."""


class LogonWrong(Misconfigured):
    """The ERP and the driver have no way to log on in common."""


class BadRow(Misconfigured):
    """One row of the ERP can't be used, which does not concern other people."""


class TooManySessions(DirectoryUnavailable):
    """The ERP works, but has no session left for us."""


class TooSlow(DirectoryUnavailable):
    """One statement took too long, which need not concern others."""


class NotAsked(DirectoryUnavailable):
    """The ERP was not asked: others have just failed, or had all our connections."""


def failure(error: DriverError, statement: str = "") -> DirectoryUnavailable:
    """Return what an error of the driver means; `statement` is the name of the statement that was executed."""
    name = _name_of(error)
    if not isinstance(error, oracledb.Error):
        return _of_value(error, statement) if statement else DirectoryUnavailable(detail=_reason(name))
    code = error.args[0].code
    if name == CALL_TIMEOUT:
        return TooSlow(detail=_reason(name))
    if error.args[0].full_code == CLOSED or code in DOWN:
        unknown = UNREACHABLE_BEYOND if statement else UNREACHABLE
        return DirectoryUnavailable(detail=_reason(error.args[0].full_code, name, unknown=unknown))
    if code in STATEMENT_WRONG:
        text = str(error).partition("\n")[0][:LONGEST_TEXT] if code in SYNTAX or code == NO_GRANT else name
        return Misconfigured(detail=f"{statement or 'the log-on'}: {text}")
    if name.startswith(DRIVER_REFUSES):
        return Misconfigured(detail=f"{statement or 'the driver'}: {name}")
    return _of_statement(code, name, statement) if statement else _of_logon(error, name)


def _of_value(error: BaseException, statement: str) -> DirectoryUnavailable:
    """Return what an error of Python in a call means: the line is lost, or a column holds no value of Python."""
    name = _name_of(error)
    if isinstance(error, OSError):
        return DirectoryUnavailable(detail=_reason(name))
    return BadRow(detail=f"{statement}: a row of the ERP can't be read ({name})")


def _of_statement(code: int, name: str, statement: str) -> DirectoryUnavailable:
    if code in RAISED:
        return Misconfigured(detail=f"{statement}: the statement raised {name}")
    return Misconfigured(detail=f"{statement}: {name}") if code else DirectoryUnavailable(detail=_reason(name))


def _of_logon(error: oracledb.Error, name: str) -> DirectoryUnavailable:
    if (code := error.args[0].code) in ACCOUNT_REFUSED:
        return AccountRefused(detail=f"{ACCOUNT_REFUSED[code].text} ({name})")
    told = NUMBER.search(f"{name} {error.__cause__ or ''}")  # the listener may have told it
    number = int(told[1]) if told else 0
    if number in LOGON_WRONG:
        return LogonWrong(detail=f"{LOGON_WRONG[number].text} (ORA-{number:05})")
    if number in TOO_MANY_SESSIONS:
        return TooManySessions(detail=f"{TOO_MANY_SESSIONS[number].text} (ORA-{number:05})")
    unknown = LOGON_REFUSED if error.args[0].code else UNREACHABLE
    return DirectoryUnavailable(detail=_reason(name, _name_of(error.__cause__), unknown=unknown))


def in_words(detail: str) -> Sentence:
    """Return the detail of an error as a sentence that can be translated, as far as we know it."""
    text, parenthesis, codes = detail.rpartition(" (")
    if text not in KNOWN:
        return Sentence("%(detail)s", {"detail": detail})
    return Sentence("%(reason)s%(codes)s", {"reason": KNOWN[text], "codes": parenthesis + codes})


def is_unconnected(error: oracledb.Error) -> bool:
    """Tell whether no connection came about, so that another address may be tried."""
    return bool(error.args[0].full_code == NOT_CONNECTED)


def _name_of(error: BaseException | None) -> str:
    """Return the number of Oracle's error, else the driver's own, else the class."""
    if isinstance(error, oracledb.Error):
        told = error.args[0]
        return f"ORA-{told.code:05}" if told.code else str(told.full_code)
    return type(error).__name__ if error else ""


def _reason(*names: str, unknown: Sentence = UNREACHABLE) -> str:
    """Return why the ERP can't be used, by the codes of the error and of its cause, which are shown too."""
    known = [REASONS[name] for name in reversed(names) if name in REASONS]
    return f"{(known[0] if known else unknown).text} ({', '.join(dict.fromkeys(filter(None, names)))})"
