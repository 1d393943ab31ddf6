"""Acts of the log book done in Redmine over REST, each as its person, and seen to have been done as they were meant."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import httpx

from tests.notifications.company import Company
from tests.notifications.log_book import Did, Made, Watched
from tests.tasks.reckoning import rows

TRIES = 20
WRITTEN = """SELECT j.id, j.private_notes, COALESCE(j.notes, ''), d.property, d.prop_key
    FROM journals j LEFT JOIN journal_details d ON d.journal_id = j.id
    WHERE j.journalized_type = 'Issue' AND j.journalized_id = %s AND j.user_id = %s AND j.id > %s ORDER BY j.id"""


class Journal(NamedTuple):
    """What Redmine wrote."""

    id: int
    private: bool
    text: str
    details: frozenset[str]


class Doing:
    """A person does one thing at a time, so that the new journals of that person are that thing's."""

    def __init__(self, company: Company, redmine: httpx.AsyncClient) -> None:
        self.company, self.redmine = company, redmine

    async def do(self, act: Did) -> list[Did]:
        """The act, whose `key` is empty, as Redmine wrote it: with a private comment it makes two journals of it."""
        wish, parts = self._wish(act), _parts(act)
        if act.files:
            wish["uploads"] = [await self._uploaded(name) for name in act.files]
        before = self._journals(act, 0)[-1:]
        for _ in range(TRIES):
            answer = await self._ask("PUT", f"/issues/{act.task}.json", act.by, {"issue": wish})
            found = self._journals(act, before[0].id if before else 0)
            if answer.is_success or found:
                break
            # Somebody else's write of the same moment came first, and all of this one was taken back.
            assert answer.status_code in (409, 422, 500), f"{answer.status_code} {answer.text} for {act}"
        written = [(it.private, it.text, it.details) for it in found]
        wanted = [(it.private, it.text, _details(it)) for it in parts]
        assert written == wanted, f"Redmine wrote {written} of {act}: {answer.status_code} {answer.text}"
        return [part._replace(key=f"journal.{it.id}") for part, it in zip(parts, found, strict=True)]

    async def make(self, subject: str, task: Made) -> Made:
        """The task, with its number and key."""
        redmine, ids = self.company.redmine, self.company.ids
        issue = {
            "subject": subject,
            "project_id": redmine.projects[task.project],
            "tracker_id": redmine.trackers["Поддержка"],
            "priority_id": redmine.priorities["Нормальный"],
            "assigned_to_id": ids[task.assignee] if task.assignee else None,
            "description": task.text,
            "is_private": task.private,
            "watcher_user_ids": [ids[who] for who in sorted(task.watchers)],
        }
        answer = await self._ask("POST", "/issues.json", task.author, {"issue": issue})
        assert answer.status_code == 201, f"{answer.status_code} {answer.text} for {task}"
        number = answer.json()["issue"]["id"]
        asked = "SELECT is_private, assigned_to_id, status_id FROM issues WHERE id = %s"
        (private, assignee, status), watchers = self._rows(asked, number)[0], self.watchers(number)
        assert (private, assignee) == (task.private, ids[task.assignee] if task.assignee else None), task
        assert (watchers, status) == (task.watchers, redmine.statuses["Новая"]), task
        return task._replace(task=number, key=f"issue.{number}")

    async def watch(self, wish: Watched) -> None:
        path, number = f"/issues/{wish.task}/watchers", self.company.ids[wish.who]
        if wish.on:
            answer = await self._ask("POST", f"{path}.json", "admin", {"user_id": number})
        else:
            answer = await self._ask("DELETE", f"{path}/{number}.json", "admin")
        assert answer.is_success and (wish.who in self.watchers(wish.task)) == wish.on, f"{answer.status_code} {wish}"

    async def edit(self, journal: int, text: str) -> None:
        answer = await self._ask("PUT", f"/journals/{journal}.json", "admin", {"journal": {"notes": text}})
        asked = "SELECT notes FROM journals WHERE id = %s"
        assert self._rows(asked, journal) == [(text,)], f"{answer.status_code} {answer.text}"

    def watchers(self, task: int) -> frozenset[str]:
        logins = {number: login for login, number in self.company.ids.items()}
        asked = "SELECT user_id FROM watchers WHERE watchable_type = 'Issue' AND watchable_id = %s"
        return frozenset(logins[number] for (number,) in self._rows(asked, task))

    def _wish(self, act: Did) -> dict[str, Any]:
        redmine = self.company.redmine
        wish: dict[str, Any] = {}
        if act.text:
            wish |= {"notes": act.text, "private_notes": act.private}
        if act.status:
            wish["status_id"] = redmine.statuses[act.status[1]]
        if act.priority:
            wish["priority_id"] = redmine.priorities[act.priority[1]]
        if act.handed:
            wish["assigned_to_id"] = self.company.ids[act.handed[1]] if act.handed[1] else ""
        if act.progress is not None:
            wish["done_ratio"] = act.progress
        return wish

    async def _uploaded(self, name: str) -> dict[str, str]:
        headers = {"Content-Type": "application/octet-stream"}
        answer = await self.redmine.post(f"/uploads.json?filename={name}", content=name.encode(), headers=headers)
        answer.raise_for_status()
        return {"token": answer.json()["upload"]["token"], "filename": name}

    async def _ask(self, method: str, path: str, login: str, body: object = None) -> httpx.Response:
        return await self.redmine.request(method, path, json=body, headers={"X-Redmine-Switch-User": login})

    def _journals(self, act: Did, above: int) -> list[Journal]:
        found: dict[int, Journal] = {}
        for id, private, text, kind, name in self._rows(WRITTEN, act.task, self.company.ids[act.by], above):
            known = found.setdefault(id, Journal(id, bool(private), text, frozenset()))
            if kind:
                found[id] = known._replace(details=known.details | {name if kind == "attr" else kind})
        return list(found.values())

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return rows(self.company.redmine.mysql_writer, sql, values)


def _parts(act: Did) -> list[Did]:
    """The journals that it makes: none, when it changes nothing."""
    bare = act._replace(text="", calls=frozenset(), private=False)
    if not act.private:
        return [act] if act.text or _details(act) else []
    return [*([bare] if _details(act) else []), Did("", act.task, act.by, act.text, act.calls, private=True)]


def _details(act: Did) -> frozenset[str]:
    held: Iterable[tuple[str, object]] = (
        ("status_id", act.status), ("priority_id", act.priority), ("assigned_to_id", act.handed),
        ("attachment", act.files), ("done_ratio", act.progress is not None),
    )  # fmt: skip
    return frozenset(name for name, there in held if there)
