"""A real Redmine with as many issues as a large company has: ours of the tests, filled by the database itself."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from bench.many import CLOSED_OF_ANNA, ENTRIES, ENTRIES_OF_ONE, OPEN_OF_ANNA
from tests.servers.redmine import Redmine, running_redmine
from tests.servers.redmine_instance import Puma

PUMA = Puma(workers=2, threads=3)

# The seeded issues again and again. The first ones are anna's: open ones in work, then closed ones; boris has the rest.
ISSUES = f"""
INSERT INTO issues (tracker_id, project_id, subject, description, status_id, assigned_to_id, priority_id, author_id,
                    created_on, updated_on, start_date, done_ratio, is_private, lft, rgt)
SELECT own.tracker_id, :help, CONCAT(own.subject, ', ', seq), own.description,
       CASE WHEN seq <= {OPEN_OF_ANNA} THEN :work WHEN seq <= {OPEN_OF_ANNA + CLOSED_OF_ANNA} THEN :closed
            ELSE own.status_id END,
       IF(seq <= {OPEN_OF_ANNA + CLOSED_OF_ANNA}, :anna, :boris), own.priority_id, own.author_id,
       own.created_on, own.updated_on + INTERVAL seq MINUTE, own.start_date, own.done_ratio, 0, 1, 2
FROM seq_1_to_{{missing}} JOIN (SELECT *, ROW_NUMBER() OVER (ORDER BY id) place, COUNT(*) OVER () many FROM issues) own
     ON own.place = seq % own.many + 1 ORDER BY seq"""
JOURNALS = """
INSERT INTO journals (journalized_id, journalized_type, user_id, notes, created_on, private_notes)
SELECT id, 'Issue', author_id, CONCAT('Проверила ещё раз: ', LEFT(description, 200)), updated_on, 0
FROM issues JOIN seq_1_to_{many} WHERE id BETWEEN {first} AND {last} ORDER BY id, seq"""
CHANGES = """
INSERT INTO journal_details (journal_id, property, prop_key, old_value, value)
SELECT id, 'attr', 'status_id', :new, :work FROM journals WHERE journalized_id >= {first} AND id % 3 = 0"""
RELATIONS = """
INSERT INTO issue_relations (issue_from_id, issue_to_id, relation_type)
SELECT id, id + 1, 'relates' FROM issues WHERE id > {first} + 9 AND id % 10 = 0"""


class Filled(NamedTuple):
    """A running Redmine, the number of an issue of anna's with ENTRIES_OF_ONE journals, and of others in work."""

    redmine: Redmine
    issue: int

    @property
    def change(self) -> int:
        return self.issue + 1

    @property
    def change_over_rest(self) -> int:
        return self.issue + 2

    @property
    def change_over_sql(self) -> int:
        return self.issue + 3


@contextmanager
def running_many(issues: int) -> Iterator[Filled]:
    """Redmine by Puma with 2 workers of 3 threads, for as long as the block lasts. Only root can start it."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-bench-") as name:
        Path(name).chmod(0o711)
        with running_redmine(Path(name), PUMA) as redmine:
            yield Filled(redmine, _fill(redmine, issues))


def _fill(redmine: Redmine, issues: int) -> int:
    ids = {
        "help": redmine.projects["help"],
        "anna": redmine.user_ids["anna"],
        "boris": redmine.user_ids["boris"],
        **{name: redmine.statuses[words] for name, words in
           (("new", "Новая"), ("work", "В работе"), ("closed", "Закрыта"))},
    }  # fmt: skip
    way = redmine.mysql_writer
    url = sa.URL.create("mysql+pymysql", way.user, way.password, way.host, way.port, way.database)
    engine = sa.create_engine(url)
    with engine.begin() as store:

        def run(statement: str, **numbers: int) -> None:
            store.execute(sa.text(statement.format(**numbers)), ids)

        first = store.scalar(sa.text("SELECT MAX(id) + 1 FROM issues")) or 0
        run(ISSUES, missing=issues - len(redmine.issues))
        run("UPDATE issues SET root_id = id WHERE id >= {first}", first=first)
        run(JOURNALS, many=ENTRIES, first=first, last=first + issues)
        run(JOURNALS, many=ENTRIES_OF_ONE - ENTRIES, first=first, last=first)
        run(CHANGES, first=first)
        run(RELATIONS, first=first)
        run("ANALYZE TABLE issues, journals, journal_details, issue_relations")
    engine.dispose()
    return int(first)
