"""What the errors of the Oracle ERP mean. The driver's classes do not tell them apart, so codes do.

No error's own text is passed on, except that of a wrong statement, which names tables and columns: newer databases put
values of the data into other texts.
"""

from typing import TypeAlias

import oracledb

from helpdesk.errors import DirectoryUnavailable, Misconfigured

DriverError: TypeAlias = oracledb.Error | OSError | ValueError
"""What the driver raises; a TimeoutError is an OSError, and answers that are no Oracle's raise ValueError."""

ACCOUNT_REFUSED = {
    1017: "it refuses ORACLE_USER with ORACLE_PASSWORD",
    28000: "the account ORACLE_USER is locked",
    28001: "the password of ORACLE_USER has expired",
    1045: "ORACLE_USER has no right to log on (CREATE SESSION)",
}
SYNTAX = range(900, 1000)
NO_GRANT = 1031
STATEMENT_WRONG = {*SYNTAX, NO_GRANT, 1008, 1036, 1722}
"""The rest: a value for each bind is missing, a bind is unknown, a text is compared with a number."""
DRIVER_REFUSES = ("DPY-1003", "DPY-20", "DPY-30", "DPY-4008", "DPY-4009", "DPY-4010")
"""It is no query, its binds are others than ours, or the driver can't do what the server or the statement needs."""
CALL_TIMEOUT, NOT_CONNECTED = "DPY-4024", "DPY-6005"
REASONS = {
    "DPY-6000": "its listener refuses the connection",
    "DPY-6001": "its listener knows no service of that name",
    "DPY-6003": "its listener knows no service of that name",
    "DPY-4011": "it closes the connection",
    CALL_TIMEOUT: "it does not answer in time",
    "ORA-01033": "it is just being started or stopped",
    "ORA-01034": "it is not running",
    "TimeoutError": "it does not answer in time",
    "ConnectionRefusedError": "nobody listens at ORACLE_HOST and ORACLE_PORT",
    "gaierror": "ORACLE_HOST has no address",
}
LONGEST_TEXT = 200


class AccountRefused(Misconfigured):
    """The ERP does not let in the helpdesk's own account. Each further try could lock it."""


class TooSlow(DirectoryUnavailable):
    """One statement took too long, which need not concern others."""


class NotAsked(DirectoryUnavailable):
    """The ERP was not asked: others have just failed, or had all our connections."""


def failure(error: DriverError, statement: str = "") -> DirectoryUnavailable:
    """Return what an error of the driver means; `statement` is the name of the statement that was executed."""
    if not isinstance(error, oracledb.Error):
        return DirectoryUnavailable(detail=_reason(type(error).__name__))
    code, name = error.args[0].code, error.args[0].full_code
    if code in ACCOUNT_REFUSED:
        return AccountRefused(detail=f"{ACCOUNT_REFUSED[code]} ({name})")
    if code in STATEMENT_WRONG:
        text = str(error).partition("\n")[0][:LONGEST_TEXT] if code in SYNTAX or code == NO_GRANT else name
        return Misconfigured(detail=f"{statement}: {text}")
    if name.startswith(DRIVER_REFUSES):
        return Misconfigured(detail=f"{statement or 'the driver'}: {name}")
    kind = TooSlow if name == CALL_TIMEOUT else DirectoryUnavailable
    return kind(detail=_reason(name, _name_of(error.__cause__)))


def is_unconnected(error: oracledb.Error) -> bool:
    """Tell whether no connection came about, so that another address may be tried."""
    return bool(error.args[0].full_code == NOT_CONNECTED)


def _name_of(cause: BaseException | None) -> str:
    if isinstance(cause, oracledb.Error):
        return str(cause.args[0].full_code)
    return type(cause).__name__ if cause else ""


def _reason(*names: str) -> str:
    """Return why the ERP can't be used, by the codes of the error and of its cause, which are shown too."""
    known = [REASONS[name] for name in reversed(names) if name in REASONS]
    return f"{known[0] if known else 'it can not be reached'} ({', '.join(filter(None, names))})"
