"""Who asked for a task that somebody else or a mail robot entered: an e-mail address that the task keeps.

Easy Redmine keeps it in two columns of its own, others in a custom field. No page asks for this yet: it stands ready
for the step on people.
"""

import re
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.redmine.sql import tables as t

EASY_REDMINE = ("easy_email_to", "easy_email_cc")
SEPARATORS = (";", " ", "\t", "\r", "\n")
ONE_ADDRESS = re.compile(r"[^\s,;@]+@[^\s,;@]+")


class RequesterFields(NamedTuple):
    """Where this Redmine keeps requesters' addresses: which of EASY_REDMINE, and the id of a custom field."""

    columns: tuple[str, ...] = ()
    field: int | None = None


def requester_fields(db: Connection, field_name: str | None) -> RequesterFields:
    """Those that are there; `field_name` is what the company calls its custom field of tasks, if it has one."""
    there = {column["name"] for column in sa.inspect(db).get_columns(t.issues.name)}
    fields = t.custom_fields.c
    named = sa.select(fields.id).where(fields.type == "IssueCustomField", fields.name == field_name)
    return RequesterFields(
        tuple(name for name in EASY_REDMINE if name in there), db.scalar(named) if field_name else None
    )


def asked_by(email: str, fields: RequesterFields) -> sa.ColumnElement[bool]:
    """Tasks that name exactly this address, in whatever case, among those parted by commas, semicolons or spaces.

    Nobody's are those of what is no address. It gives no right: it is asked beside the condition of what is visible.
    """
    if not ONE_ADDRESS.fullmatch(email.strip()):
        return sa.false()
    columns = [_names(sa.literal_column(f"issues.{name}", sa.Text), email) for name in fields.columns]
    values = t.custom_values.c
    of_field = sa.exists().where(
        values.customized_type == "Issue",
        values.customized_id == t.issues.c.id,
        values.custom_field_id == fields.field,
        _names(values.value, email),
    )
    return sa.or_(sa.false(), *columns, *([of_field] if fields.field is not None else []))


def _names(listed: sa.ColumnElement[str], email: str) -> sa.ColumnElement[bool]:
    """Found byte by byte, for a collation takes `à` for `á`; and not by LIKE, to which `_` and `%` are signs."""
    parted: sa.ColumnElement[str] = sa.func.lower(listed)
    for separator in SEPARATORS:
        parted = sa.func.replace(parted, separator, ",")
    between = sa.func.concat(",", parted, ",")
    return sa.func.instr(sa.cast(between, sa.LargeBinary), f",{email.strip().lower()},") > 0
