"""The statements that ask the Oracle ERP for people, and profiles from the columns of their answers.

Columns are read by name, so that a setting may ask other views in another order.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from helpdesk.errors import Misconfigured
from helpdesk.people.directory import Profile
from helpdesk.people.oracle_erp.failures import BadRow
from helpdesk.store.directory_accounts import Known
from helpdesk.texts import one_line

LONGEST_TEXT, LONGEST_LOGIN = 200, 120
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands for bytes that are no characters."""
Row = Mapping[str, object]

CHECK = """
SELECT name AS login
FROM erp.v_user
WHERE name = :login AND password = :password AND auth_period_type <> 'Заблокированный сотрудник'
"""
"""A row means that the password is right. The type is NULL for people who may not sign in either."""
PROFILE = """
SELECT user_id, name AS login, full_name, email, office, department_name AS department, post_name AS position,
  phone_ext AS phone, CASE WHEN auth_period_type <> 'Заблокированный сотрудник' THEN 0 ELSE 1 END AS blocked
FROM erp.v_user
WHERE name = :login
"""
VPN = """
SELECT v.vpn AS vpn, t.vpn_end_date AS vpn_end_date
FROM erp.v_user v LEFT JOIN erp.t_user t ON t.user_id = v.user_id
WHERE v.name = :login
"""
SEARCH = r"""
SELECT user_id, name AS login, full_name, email, office, department_name AS department, post_name AS position,
  phone_ext AS phone, CASE WHEN auth_period_type <> 'Заблокированный сотрудник' THEN 0 ELSE 1 END AS blocked
FROM erp.v_user
WHERE UPPER(name) LIKE UPPER(:pattern) ESCAPE '\' OR UPPER(full_name) LIKE UPPER(:pattern) ESCAPE '\'
  OR UPPER(email) LIKE UPPER(:pattern) ESCAPE '\'
ORDER BY full_name, name
FETCH FIRST 50 ROWS ONLY
"""


class Statement(NamedTuple):
    """A statement, the columns without which its answer is of no use, and the name by which administrators know it."""

    text: str
    needed: frozenset[str]
    name: str


IDENTITY = frozenset({"user_id", "login", "blocked"})


class Statements(NamedTuple):
    check: Statement
    profile: Statement
    vpn: Statement
    search: Statement


def statements(check: str | None = None, profile: str | None = None, vpn: str | None = None) -> Statements:
    """Return the statements of the settings, and those for the ERP's usual views where a setting is absent."""
    return Statements(
        Statement(_bare(check or CHECK), frozenset(), "ORACLE_SQL_CHECK"),
        Statement(_bare(profile or PROFILE), IDENTITY, "ORACLE_SQL_PROFILE"),
        Statement(_bare(vpn or VPN), frozenset({"vpn", "vpn_end_date"}), "ORACLE_SQL_VPN"),
        Statement(SEARCH, IDENTITY, "the search in erp.v_user"),
    )


def _bare(text: str) -> str:
    """Return a statement without the semicolon that ends it elsewhere; Oracle refuses it."""
    return text.strip().rstrip(";")


def pattern(text: str) -> str:
    """Return the pattern of LIKE for texts that contain this one."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def require(statement: Statement, columns: Sequence[str]) -> None:
    """Raise Misconfigured when a statement's answer lacks a column, or has two of one name."""
    if missing := statement.needed - set(columns):
        raise Misconfigured(detail=f"{statement.name}: its answer has no column {', '.join(sorted(missing))}")
    double = sorted({name for name in columns if columns.count(name) > 1}) if statement.needed else []
    if double:
        raise Misconfigured(detail=f"{statement.name}: its answer has two columns {', '.join(double)}")


def profile(row: Row, vpn: Row | None = None) -> Profile:
    """Return the profile of a row of the profile statement, and of the row of the VPN statement. Raises BadRow."""
    told = Profile(
        login=_identity(row, "login", LONGEST_LOGIN),
        full_name=_text(row, "full_name")[:LONGEST_TEXT],
        email=_text(row, "email"),  # whole: a part of it would be somebody else's
        department=_text(row, "department")[:LONGEST_TEXT],
        position=_text(row, "position")[:LONGEST_TEXT],
        office=_text(row, "office")[:LONGEST_TEXT],
        phone=_text(row, "phone")[:LONGEST_TEXT],
        is_blocked=not _is_zero(row["blocked"]),
        id=_identity(row, "user_id", LONGEST_TEXT),
    )
    if vpn is None:
        return told
    enabled, end = _vpn(vpn)
    return told._replace(vpn_enabled=enabled, vpn_end_date=end)


def _vpn(row: Row) -> tuple[bool, date | None]:
    """Return the VPN flag, and the end date if it is on."""
    if row["vpn"] is None or _is_zero(row["vpn"]):
        return False, None
    end = row["vpn_end_date"]
    if end is not None and not isinstance(end, datetime):
        raise Misconfigured(detail="ORACLE_SQL_VPN: vpn_end_date is no DATE")
    return True, end.date() if end else None


def _identity(row: Row, column: str, most: int) -> str:
    """Return a column that tells people apart, and so must not be changed. Raises BadRow."""
    told = "" if row[column] is None else str(row[column]).strip()
    if not told:
        raise BadRow(detail="the ERP tells somebody without a login or user_id")
    if len(told) > most or UNREADABLE in told or one_line(told) != told:
        raise BadRow(detail=f"a row of the ERP can't be read: its {column} is too long or has characters of no text")
    return told


def _text(row: Row, column: str) -> str:
    """Return a column as one line; empty for NULL, and for a column that the statement does not have."""
    told = row.get(column)
    return "" if told is None else one_line(str(told)).strip()


def _is_zero(flag: object) -> bool:
    """Tell whether a flag is off. Only a zero is, so that a person with an unknown flag counts as blocked."""
    return str(flag).strip() == "0"


def is_out(account: Known, found: Profile | None, is_readable: bool) -> bool:
    """Tell whether the person of an account is blocked or gone, also if somebody else has the login now."""
    if found is None:
        return is_readable
    return found.is_blocked or bool(account.directory_id and found.id and found.id != account.directory_id)
