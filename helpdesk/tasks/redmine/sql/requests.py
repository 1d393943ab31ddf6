"""Whose issues are, by SQL: authors, and fields with addresses, some of which only Easy Redmine has."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.requests.model import Ownership, OwnTask, Whole
from helpdesk.requests.source import MOST_CANDIDATES, latest
from helpdesk.tasks.redmine.private_files import Journal, private_files
from helpdesk.tasks.redmine.sql import issue
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.source import Reading

EASY = sa.text(
    "SELECT column_name FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND table_name = 'issues' AND column_name IN ('easy_email_to', 'easy_email_cc')"
)
Belongs = Callable[[Ownership], bool]
READ = tuple(t.issues.c[name] for name in ("id", "author_id", "status_id", "updated_on"))
FILES = (
    sa.select(
        *(t.journals.c[name] for name in ("id", "user_id", "created_on", "private_notes", "notes")),
        t.journal_details.c.prop_key,
    )
    .outerjoin_from(
        t.journals,
        t.journal_details,
        sa.and_(
            t.journal_details.c.journal_id == t.journals.c.id,
            t.journal_details.c.property == "attachment",
            t.journal_details.c.value.is_not(None),
        ),
    )
    .where(t.journals.c.journalized_id == sa.bindparam("task"), t.journals.c.journalized_type == "Issue")
)


AT_ONCE = 1_000
"""Issues whose fields are read by one query."""


def easy_columns(db: Connection) -> frozenset[str]:
    """Return the columns of Easy Redmine that the table of issues has."""
    return frozenset(db.scalars(EASY))


class SqlOwnerships:
    """`fields` are those of REQUESTER_FIELDS. Columns that the table lacks hold nothing."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.custom = {int(each.removeprefix("cf_")): each for each in fields if each.startswith("cf_")}
        self.easy = [each for each in fields if each not in self.custom.values()]

    def own(
        self, read: Reading, belongs: Belongs, author: int | None, needles: Collection[str], limit: int
    ) -> dict[int, OwnTask]:
        """Return the issues that belong to a person, of those by an author and those whose fields contain one of the
        texts. Fields are searched first: MariaDB would look at every issue for a condition of several tables."""
        by_author = self._read(read, t.issues.c.author_id == author, limit) if author else {}
        found = {task: it for task, it in by_author.items() if belongs(it.ownership)}
        named = (
            {task for query in self._searches(read, needles) for task in read.db.scalars(query)} if needles else set()
        )
        left = sorted(named - found.keys(), reverse=True)
        for start in range(0, len(left), AT_ONCE):
            some = self._read(read, t.issues.c.id.in_(left[start : start + AT_ONCE]), AT_ONCE)
            found |= {task: it for task, it in some.items() if belongs(it.ownership)}
        return latest(found, limit)

    def _searches(self, read: Reading, needles: Collection[str]) -> Iterator[sa.Select[int]]:
        """Yield a query for the issues of each kind of field that contains one of the texts, the newest first."""
        for column in self._columns(read):
            yield _newest(t.issues.c.id).where(_contains(column, needles))
        if self.custom:
            value = t.custom_values.c
            of_issues = value.customized_type == "Issue", value.custom_field_id.in_(self.custom)
            yield _newest(value.customized_id).where(*of_issues, _contains(value.value, needles))

    def whole(self, read: Reading, task_id: int) -> Whole:
        """Return an issue with the files of private comments. Raises NotFound."""
        return Whole(issue.task(read, task_id), self.private_files(read, task_id))

    def ownerships(self, read: Reading, task_ids: Collection[int]) -> dict[int, Ownership]:
        """Return whose these issues are; those that the person does not see are left out."""
        found = self._read(read, t.issues.c.id.in_(sorted(set(task_ids))), len(task_ids))
        return {task: it.ownership for task, it in found.items()}

    def _read(self, read: Reading, condition: sa.ColumnElement[bool], limit: int) -> dict[int, OwnTask]:
        columns = self._columns(read)
        query = sa.select(*READ, *columns).where(condition, read.permissions.tasks)
        latest = query.order_by(t.issues.c.updated_on.desc(), t.issues.c.id.desc()).limit(limit)
        rows = read.db.execute(latest).all()
        custom, names = self._custom_texts(read, [row.id for row in rows]), [column.name for column in columns]
        return {
            row.id: OwnTask(
                _ownership(row.author_id, [*zip(names, row[len(READ) :], strict=True), *custom.get(row.id, ())]),
                read.status(row.status_id),
                read.moment(row.updated_on),
            )
            for row in rows
        }

    def _custom_texts(self, read: Reading, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        """Return the custom fields of each issue, by name and text."""
        value, found = t.custom_values.c, defaultdict[int, list[tuple[str, str]]](list)
        if self.custom:
            query = sa.select(value.customized_id, value.custom_field_id, value.value).where(
                value.customized_type == "Issue",
                value.customized_id.in_(sorted(ids)),
                value.custom_field_id.in_(self.custom),
            )
            for task_id, field, text in read.db.execute(query.order_by(value.id)):
                found[task_id].append((self.custom[field], text))
        return found

    def _columns(self, read: Reading) -> list[sa.Label[str]]:
        """Return the columns of Easy Redmine that are wanted and present."""
        present = easy_columns(read.db) if self.easy else ()
        return [sa.literal_column(f"issues.{name}", sa.String).label(name) for name in self.easy if name in present]

    def private_files(self, read: Reading, task_id: int) -> dict[int, frozenset[int]]:
        """Return the files of private comments, by the entry that names them."""
        journals: dict[int, Journal] = {}
        for row in read.db.execute(FILES, {"task": task_id}):
            has_notes = bool((row.notes or "").strip())
            empty = Journal(row.id, row.user_id, row.created_on, bool(row.private_notes), has_notes, frozenset())
            known = journals.setdefault(row.id, empty)
            if row.prop_key and row.prop_key.isdigit():
                journals[row.id] = known._replace(files=known.files | {int(row.prop_key)})
        return private_files(journals.values(), read.person.is_admin)


def _ownership(author: int | None, fields: Iterable[tuple[str, str | None]]) -> Ownership:
    told = [(name, text) for name, text in fields if text]
    return Ownership(author, tuple(text for _, text in told), tuple(name for name, _ in told))


def _newest(number: sa.ColumnElement[int]) -> sa.Select[int]:
    return sa.select(number).order_by(number.desc()).limit(MOST_CANDIDATES)


def _contains(column: sa.ColumnElement[str], texts: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(column.icontains(text, autoescape=True) for text in sorted(texts)))
