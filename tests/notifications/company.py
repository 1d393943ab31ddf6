"""A company in a real Redmine: who is what where, and so who may see what. In words of its own, for the proof.

anna and boris work and see all; vera works, sees private tasks only when they are hers, and no private comment; gleb
and olga are a group that sees private tasks only when it has them; irina asks, and sees what she asked for. stranger
belongs nowhere, nina has no account here, locked may not come in any more.
"""

from functools import partial
from typing import Any, NamedTuple

import httpx
from sqlmodel import Session

from helpdesk.store import people
from helpdesk.store.database import Database
from tests.servers.redmine import Redmine
from tests.tasks.reckoning import rows

GROUP = "Смена"
MEMBERS = frozenset({"gleb", "olga"})
NAMES = {
    "admin": "Redmine Admin",
    "anna": "Анна Смирнова",
    "boris": "Борис Кузнецов",
    "irina": "Ирина Волкова",
    "stranger": "Степан Чужов",
    "locked": "Леонид Запоров",
    "vera": "Вера Лисина",
    "gleb": "Глеб Орлов",
    "olga": "Ольга Маслова",
    "nina": "Нина Тихая",
}
HIRED = ("vera", "gleb", "olga", "nina")
UNKNOWN_HERE = "nina"
NEVER_TOLD = frozenset({"stranger", "locked", "nina"})


class Role(NamedTuple):
    """`sees` is all; "own": what one asked for or has; "default": that, and what is not private."""

    name: str
    sees: str
    private_comments: bool
    works: bool = True


SUPPORT = Role("Поддержка", "all", True)
HELPER = Role("Помощник", "default", False)
SHIFT = Role("Дежурный", "default", True)
REQUESTER = Role("Заявитель", "own", False, works=False)
ROLES: dict[str, dict[str, Role]] = {
    "help": {"anna": SUPPORT, "boris": SUPPORT, "locked": SUPPORT, "irina": REQUESTER, "vera": HELPER,
             GROUP: SHIFT, "nina": SUPPORT},
    "office": {"anna": SUPPORT, "boris": SUPPORT, "locked": SUPPORT, "irina": REQUESTER, GROUP: SHIFT},
    "warehouse": {"anna": SUPPORT, "boris": SUPPORT, "locked": SUPPORT, "vera": HELPER},
    "public-board": {"anna": SUPPORT, "vera": HELPER},
}  # fmt: skip
SEEDED = {(project, login) for project in ("help", "office", "warehouse") for login in ("anna", "boris", "locked")}
SEEDED |= {("help", "irina"), ("office", "irina")}
ABOUT_PRIVATE_COMMENTS = ("- :view_private_notes", "- :set_notes_private")
MADE_LIKE = """INSERT INTO roles (name, position, assignable, builtin, permissions, issues_visibility,
    users_visibility, time_entries_visibility, all_roles_managed, settings)
    SELECT %s, %s, assignable, builtin, %s, %s, users_visibility, time_entries_visibility, all_roles_managed, settings
    FROM roles WHERE name = %s"""


def role(login: str, project: str) -> Role | None:
    """What somebody is in a project, as a member or as one of the group."""
    members = ROLES[project]
    return members.get(login) or (members.get(GROUP) if login in MEMBERS else None)


def people_of(who: str | None) -> frozenset[str]:
    """Who is meant by a login, by the group or by nobody."""
    return MEMBERS if who == GROUP else frozenset({who} - {None})  # type: ignore[arg-type]


def sees(login: str, project: str, author: str, assignee: str | None, private: bool) -> bool:
    """Whether somebody sees a task."""
    if login in ("admin", "locked", "stranger"):
        return login == "admin"
    own = role(login, project)
    if own is None:
        return False
    mine = login == author or login in people_of(assignee)
    return own.sees == "all" or mine or (own.sees == "default" and not private)


def reads_private(login: str, project: str) -> bool:
    """Whether somebody reads the private comments of others on tasks that one sees."""
    own = role(login, project)
    return login == "admin" or (own is not None and own.private_comments)


class Company(NamedTuple):
    """Its numbers in Redmine; `ids` are of logins and of the group."""

    redmine: Redmine
    http: httpx.Client
    ids: dict[str, int]


def found(redmine: Redmine, http: httpx.Client) -> Company:
    """Bring all this into a Redmine that has the tests' seed. Whoever works may lead any status to any other, and
    nobody watches for having written: who watches must be known to the letter."""

    def made(path: str, kind: str, told: dict[str, object]) -> int:
        answer = http.post(path, json={kind: told})
        answer.raise_for_status()
        return int(answer.json()[kind]["id"])

    _make_roles(redmine)
    ids = dict(redmine.user_ids)
    for login in HIRED:
        first, last = NAMES[login].split()
        user: dict[str, object] = {
            "login": login,
            "firstname": first,
            "lastname": last,
            "mail": f"{login}@example.test",
        }
        ids[login] = made("/users.json", "user", user | {"password": f"demo-password-{login}", "language": "ru"})
    ids[GROUP] = made("/groups.json", "group", {"name": GROUP, "user_ids": [ids[login] for login in sorted(MEMBERS)]})
    roles = dict(rows(redmine.mysql_writer, "SELECT name, id FROM roles", ()))
    for project, members in ROLES.items():
        for login, own in members.items():
            if (project, login) not in SEEDED:
                membership = {"user_id": ids[login], "role_ids": [roles[own.name]]}
                made(f"/projects/{project}/memberships.json", "membership", membership)
    _settle(redmine)
    return Company(redmine, http, ids)


def _make_roles(redmine: Redmine) -> None:
    def write(sql: str, *values: object) -> None:
        rows(redmine.mysql_writer, sql, values)

    may = "UPDATE roles SET permissions = CONCAT(permissions, '- :set_issues_private\n') WHERE name = %s"
    write(may, SUPPORT.name)
    ((all_of_it,),) = rows(redmine.mysql_writer, "SELECT permissions FROM roles WHERE name = %s", (SUPPORT.name,))
    less = "".join(line for line in all_of_it.splitlines(keepends=True) if line.strip() not in ABOUT_PRIVATE_COMMENTS)
    for place, own in enumerate((HELPER, SHIFT), 100):
        permissions = all_of_it if own.private_comments else less
        write(MADE_LIKE, own.name, place, permissions, own.sees, SUPPORT.name)
    workers = (SUPPORT.name, HELPER.name, SHIFT.name)
    write("DELETE FROM workflows WHERE role_id IN (SELECT id FROM roles WHERE name IN %s)", workers)
    write(
        "INSERT INTO workflows (type, tracker_id, role_id, old_status_id, new_status_id, assignee, author)"
        " SELECT 'WorkflowTransition', t.id, r.id, o.id, n.id, 0, 0"
        " FROM trackers t, roles r, (SELECT id FROM issue_statuses UNION SELECT 0) o, issue_statuses n"
        " WHERE r.name IN %s AND o.id <> n.id",
        workers,
    )


def _settle(redmine: Redmine) -> None:
    for sql in (
        "INSERT INTO settings (name, value, updated_on) VALUES ('issue_group_assignment', '1', NOW())",
        "DELETE FROM user_preferences",
        "INSERT INTO user_preferences (user_id, others) SELECT id, '--- {}\n' FROM users WHERE type = 'User'",
    ):
        rows(redmine.mysql_writer, sql, ())


def open_accounts(company: Company, database: Database) -> dict[int, str]:
    """An account here for each but one, as if all had signed in; logins by the account's number."""
    opened = {}
    for login, name in NAMES.items():
        if login != UNKNOWN_HERE:
            number, mail = company.ids[login], f"{login}@example.test"
            bind = partial(_number, redmine_id=number, login=login, full_name=name, email=mail)
            opened[database.run_here(bind, writes=True)] = login
    return opened


def _number(session: Session, **account: Any) -> int:
    return people.bind_redmine(session, **account).id or 0
