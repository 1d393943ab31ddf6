"""A board of thousands of tasks in that Redmine, with Redmine's own list of as many rows beside it; what board and move
weigh."""

from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_urlsafe
from typing import NamedTuple

import httpx
import sqlalchemy as sa

from bench.changes import HTMX, version
from bench.many import CLOSED_OF_ANNA, OPEN_OF_ANNA
from bench.redmine import Filled
from bench.report import Weight
from bench.sides import Side
from helpdesk.demo import seed
from helpdesk.web.edge.static_files import StaticFiles
from tests.servers.mariadb import url_of

KB = 1024
TASKS = 5_000
STATUSES = 7
SUBJECTS = 300
A_COLUMN = 25
CARDS = STATUSES * A_COLUMN
PROJECT = "office"
SEVENTH = "Приостановлена"  # as in the demo; Redmine's own are six
EVERYBODYS = "/tasks/board?assigned_to_id=any&closed=1"
REDMINES = f"/projects/{PROJECT}/issues?set_filter=1&status_id=*&sort=updated_on%3Adesc&per_page={CARDS}"
PAGE = {"Accept": "text/html", "Accept-Encoding": "br"}
STATIC = Path(__file__).parent.parent / "static"

# Others' than anna's. Their statuses, assignees and due days are as by chance; their subjects are those of the demo's
# tasks, for 175 cards that say the same thirty things would compress too well.
SPREAD = f"""
UPDATE issues SET
    project_id = :project,
    status_id = ELT(1 + CRC32(CONCAT(id, 'status')) % {STATUSES}, {{statuses}}),
    assigned_to_id = ELT(1 + CRC32(CONCAT(id, 'whose')) % 3, :boris, :irina, NULL),
    due_date = IF(CRC32(CONCAT(id, 'due')) % 3, NULL, DATE(created_on) + INTERVAL CRC32(id) % 100 DAY),
    subject = ELT(1 + CRC32(CONCAT(id, 'subject')) % {{many}}, {{subjects}})
WHERE id >= :first + {OPEN_OF_ANNA + CLOSED_OF_ANNA} ORDER BY id LIMIT {TASKS}"""
SEVENTH_STATUS = """
INSERT INTO issue_statuses (name, is_closed, position)
SELECT :seventh, 0, MAX(position) + 1 FROM issue_statuses"""
LONGER_LISTS = """
INSERT INTO settings (name, value, updated_on) VALUES ('per_page_options', '25,50,100,:rows', NOW())"""
HOW_MANY = "SELECT COUNT(*) FROM issues WHERE project_id = :project"
IN_WORK = "SELECT MIN(id) FROM issues WHERE project_id = :project AND status_id = :work AND id >= :first"

Move = Callable[[int], httpx.Response]


class Board(NamedTuple):
    """How many tasks it has, where it is, and Redmine's list of them with as many rows; one that is on it, in work."""

    tasks: int
    ours: str
    redmines: str
    task: int


def spread(filled: Filled) -> Board:
    """Put TASKS of the issues into one project and all of Redmine's statuses, which are STATUSES then."""
    redmine = filled.redmine
    subjects = {f"subject{place}": it.subject for place, it in enumerate(seed.read().tasks[:SUBJECTS])}
    known: dict[str, int | str] = {
        "project": redmine.projects[PROJECT],
        "work": redmine.statuses["В работе"],
        "boris": redmine.user_ids["boris"],
        "irina": redmine.user_ids["irina"],
        "first": filled.issue,
        "seventh": SEVENTH,
        "rows": CARDS,
    }
    engine = sa.create_engine(url_of(redmine.mysql_writer))
    with engine.begin() as store:

        def run(statement: str, more: dict[str, str] | None = None) -> sa.CursorResult[int]:
            return store.execute(sa.text(statement), known | (more or {}))

        run(SEVENTH_STATUS)
        run(LONGER_LISTS)
        statuses = run("SELECT id FROM issue_statuses").scalars().all()
        assert len(statuses) == STATUSES
        named = ", ".join(f":{it}" for it in subjects)
        run(SPREAD.format(statuses=", ".join(map(str, statuses)), subjects=named, many=len(subjects)), subjects)
        run("ANALYZE TABLE issues")
        tasks, task = run(HOW_MANY).scalar_one(), run(IN_WORK).scalar_one()
    engine.dispose()
    return Board(tasks, f"{EVERYBODYS}&project_id={known['project']}", REDMINES, task)


def by_htmx(side: Side, board: Board, statuses: tuple[int, int]) -> Move:
    """The form of a card on the board, as htmx sends it: with the version that the way back had."""
    client = httpx.Client(base_url=side.url, cookies={side.cookie: side.session}, headers=HTMX, timeout=60)
    known = version(client.get(f"/tasks/{board.task}"))

    def move(which: int) -> httpx.Response:
        nonlocal known
        form = {
            "status_id": str(statuses[which]),
            "idempotency_key": token_urlsafe(12),
            "lock_version": known,
            "view": "card",
            "next": board.ours,
        }
        headers = {"HX-Current-URL": side.url + board.ours}
        answer = client.post(f"/tasks/{board.task}/status", data=form, headers=headers)
        known = version(answer)
        return answer

    return move


def weighed(side: Side, path: str) -> tuple[int, int]:
    """How many cards or rows a page shows, and its size."""
    with httpx.Client(base_url=side.url, cookies={side.cookie: side.session}, headers=PAGE, timeout=60) as client:
        answer = client.get(path).raise_for_status()
    return sum(answer.text.count(it) for it in ('<li class="card', '<tr id="issue-')), size(answer)


def size(answer: httpx.Response) -> int:
    """Bytes over the line, headers included."""
    head = len(f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}\r\n\r\n")
    return head + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) + answer.num_bytes_downloaded


def weights(theirs: int, ours: int, p95: int, moved: int) -> Iterator[Weight]:
    """What was measured and what of it is to be how much at most."""
    yield Weight("the board over SQL, bytes", ours, 25 * KB)
    yield Weight("Redmine's list of as many rows, which it does not compress, bytes", theirs)
    yield Weight("the board over SQL, p95 of 8 at once, ms", p95, 300)
    yield Weight("the answer to a move, bytes", moved, 2 * KB)
    for name, goal in (("board.js", 5 * KB // 2), ("board.css", None)):
        static = StaticFiles(STATIC)
        encoded = static.files[static.names[name]].encoded
        yield Weight(f"{name} by gzip, bytes", len(encoded["gzip"]), goal)
        yield Weight(f"{name} by Brotli, bytes", len(encoded["br"]))
