"""An imitation of Redmine on a real loopback socket, for the ways in which the real one can't be made to misbehave.

Untouched it answers like a small healthy Redmine with one issue, 7, that anna (5) works on and irina (6) asked for;
`answers` says, path by path or for `EVERYTHING`, how it misbehaves instead.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

EVERYTHING = "*"
ANNA, IRINA, OWNER = 5, 6, 1
IDS = {"anna": ANNA, "irina": IRINA}
ISSUE = "/issues/7.json"
ISSUES, CREATED = "/issues.json", "/issues/8.json"
JOURNAL = "/journals/1.json"
WATCHERS, WATCHER = "/issues/7/watchers.json", "/issues/7/watchers/5.json"
UPLOADS, DOWNLOAD, TOKEN = "/uploads.json", "/attachments/download/1", "2.0123456789abcdef"
CONTENT = b"Four legs, one of them broken.\n" * 1_000
ME = "/users/current.json"
NEW = {"id": 1, "name": "New", "is_closed": False}
STARTED = {"id": 2, "name": "Started", "is_closed": False}
LOW, NORMAL = {"id": 3, "name": "Low"}, {"id": 4, "name": "Normal"}
OFFICE, SUPPORT = {"id": 8, "name": "Office"}, {"id": 9, "name": "Support"}


class Request(NamedTuple):
    """What came in; the names of the headers in lower case, the target with its query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


Answer = Callable[[asyncio.StreamWriter, Request], Awaitable[None]]


def says(status: int, body: bytes | str = b"", kind: str = "application/json", **headers: str) -> Answer:
    """A whole answer."""
    content = body.encode() if isinstance(body, str) else body

    async def answer(writer: asyncio.StreamWriter, request: Request) -> None:
        told = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode() + content)
        await writer.drain()

    return answer


def tells(value: object) -> Answer:
    return says(200, json.dumps(value))


def after(seconds: float, then: Answer) -> Answer:
    async def answer(writer: asyncio.StreamWriter, request: Request) -> None:
        await asyncio.sleep(seconds)
        await then(writer, request)

    return answer


async def silence(writer: asyncio.StreamWriter, request: Request) -> None:
    """Takes the request and never says a word."""
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter, request: Request) -> None:
    """Always a little more, and never the end: no wait for the next byte is ever long."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def hang_up(writer: asyncio.StreamWriter, request: Request) -> None:
    """Takes the request and closes the line."""


async def half_a_body(writer: asyncio.StreamWriter, request: Request) -> None:
    """Promises more than it sends, and closes the line in the middle of the JSON."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"issue": {"id"')
    await writer.drain()


async def flood(writer: asyncio.StreamWriter, request: Request) -> None:
    """A body without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{")
    while True:
        writer.write(b" " * 2**18)
        await writer.drain()


class ImitatedRedmine:
    """`issue` and what else of `issues` is kept; `requests` came in so far. Without `writes` a write does nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, Answer] = {}
        self.requests: list[Request] = []
        self.issue = _issue()
        self.issues = {ISSUE: self.issue}
        self.writes = True

    def count(self, method: str, path: str) -> int:
        return sum((request.method, request.path) == (method, path) for request in self.requests)

    async def respond(self, writer: asyncio.StreamWriter, request: Request) -> None:
        self.requests.append(request)
        misbehaves = (f"{request.method} {request.path}", request.path, EVERYTHING)
        answer = next((self.answers[name] for name in misbehaves if name in self.answers), self.healthy)
        await answer(writer, request)

    async def healthy(self, writer: asyncio.StreamWriter, request: Request) -> None:
        """The answer of a Redmine that is well."""
        if request.method != "GET":
            answer = self.save(request)
        elif request.path == DOWNLOAD:
            answer = says(200, CONTENT, "text/plain")
        else:
            found = self.read(request)
            answer = says(404) if found is None else tells(found)
        await answer(writer, request)

    def read(self, request: Request) -> dict[str, Any] | None:
        lists: dict[str, dict[str, Any]] = {
            ME: {"user": _user(request.headers.get("x-redmine-switch-user", "owner"))},
            ISSUES: {"issues": list(self.issues.values()), "total_count": len(self.issues)},
            **{path: {"issue": issue} for path, issue in self.issues.items()},
            "/issue_statuses.json": {"issue_statuses": [NEW, STARTED]},
            "/enumerations/issue_priorities.json": {"issue_priorities": [LOW, {**NORMAL, "is_default": True}]},
            "/trackers.json": {"trackers": [{**SUPPORT, "default_status": NEW}]},
            "/custom_fields.json": {"custom_fields": [_field()]},
            "/projects.json": {"projects": [_project()], "total_count": 1},
            "/projects/8.json": {"project": _project()},
            "/projects/8/memberships.json": {"memberships": [_membership("anna")], "total_count": 1},
            "/roles.json": {"roles": [{"id": 2, "name": "Support"}]},
            "/roles/2.json": {"role": _role()},
        }
        return lists.get(request.path)

    def save(self, request: Request) -> Answer:
        """Do what a write says, and what a healthy Redmine answers then."""
        writes: dict[str, Callable[[Request], object]] = {
            f"PUT {ISSUE}": self.change,
            f"POST {ISSUES}": self.create,
            f"PUT {JOURNAL}": self.rewrite,
            f"POST {WATCHERS}": self.watch,
            f"DELETE {WATCHER}": self.watch,
            f"DELETE {ISSUE}": lambda _: self.issues.clear(),
        }
        write = writes.get(f"{request.method} {request.path}")
        if write and self.writes:
            write(request)
        if request.path == ISSUES:
            return says(201, json.dumps({"issue": self.issues.get(CREATED, {})}))
        return says(201, json.dumps({"upload": {"id": 2, "token": TOKEN}})) if request.path == UPLOADS else says(204)

    def create(self, request: Request) -> None:
        """An issue like the first with these texts; its author is the person whom the request switches to."""
        wish = json.loads(request.body)["issue"]
        login = request.headers["x-redmine-switch-user"]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"id": 8, "subject": wish["subject"], "description": wish["description"], "created_on": now}
        self.issues[CREATED] = {**_issue(), **told, "author": _named(login), "journals": [], "updated_on": now}

    def rewrite(self, request: Request) -> None:
        self.issue["journals"][0]["notes"] = json.loads(request.body)["journal"]["notes"]

    def watch(self, request: Request) -> None:
        self.issue["watchers"] = [_named("anna")] if request.method == "POST" else []

    def change(self, request: Request) -> None:
        """Keep a status and a note, as a journal of the person whom the request switches to."""
        wish = json.loads(request.body)["issue"]
        journal = _journal(len(self.issue["journals"]) + 1, request.headers["x-redmine-switch-user"])
        if "status_id" in wish:
            self.issue["status"] = next(each for each in (NEW, STARTED) if each["id"] == wish["status_id"])
            journal["details"] = [{"property": "attr", "name": "status_id", "old_value": "1", "new_value": "2"}]
        journal["notes"], journal["private_notes"] = wish.get("notes", ""), wish.get("private_notes", False)
        self.issue["journals"].append(journal)

    def loses_the_answer_to(self, write: str, line: Answer, saved: bool) -> None:
        """From now on such writes are saved or not, and `line` is what comes back."""

        async def answer(writer: asyncio.StreamWriter, request: Request) -> None:
            if saved:
                self.save(request)
            await line(writer, request)

        self.answers[write] = answer


@asynccontextmanager
async def imitated_redmine(encrypted: ssl.SSLContext | None = None) -> AsyncIterator[ImitatedRedmine]:
    """Serves on a free loopback port for the length of the block, over TLS with a context for it."""
    redmine, tasks = ImitatedRedmine(), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_serve(redmine, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=encrypted)
    redmine.url = f"http{'s' * bool(encrypted)}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield redmine
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _serve(redmine: ImitatedRedmine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # The client may have gone, which is what several tests are about.
    with suppress(OSError, asyncio.IncompleteReadError):
        try:
            await redmine.respond(writer, await _received(reader))
        finally:
            writer.close()
            await writer.wait_closed()


async def _received(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def _named(login: str) -> dict[str, Any]:
    return {"id": IDS[login], "name": f"{login.title()} Test"}


def _project() -> dict[str, Any]:
    return {**OFFICE, "status": 1, "trackers": [SUPPORT], "enabled_modules": [{"id": 1, "name": "issue_tracking"}]}


def _field() -> dict[str, Any]:
    told = {"id": 1, "name": "Room", "customized_type": "issue", "field_format": "string", "visible": True}
    return {**told, "is_required": False, "default_value": "", "trackers": [SUPPORT], "roles": []}


def _user(login: str) -> dict[str, Any]:
    membership = {"id": 1, "project": OFFICE, "roles": [{"id": 2, "name": "Support"}]}
    user = {"id": IDS.get(login, OWNER), "login": login, "firstname": login.title(), "lastname": "Test"}
    return {**user, "mail": f"{login}@example.test", "memberships": [membership]}


def _membership(login: str) -> dict[str, Any]:
    return {"id": 1, "project": OFFICE, "user": _named(login), "roles": [{"id": 2, "name": "Support"}]}


def _role() -> dict[str, Any]:
    permissions = ["edit_issues", "add_issue_notes", "set_notes_private", "view_private_notes", "add_issues"]
    permissions += ["edit_issue_notes", "delete_issues", "view_issue_watchers", "add_issue_watchers"]
    permissions += ["delete_issue_watchers"]
    return {"id": 2, "name": "Support", "assignable": True, "permissions": permissions}


def _journal(number: int, login: str) -> dict[str, Any]:
    told = {
        "id": number,
        "user": _named(login),
        "created_on": "2026-11-20T10:00:00Z",
        "notes": "",
        "private_notes": False,
    }
    return {**told, "details": []}


def _issue() -> dict[str, Any]:
    """As Redmine 5 shows one with its journals, attachments and allowed statuses."""
    people = {"author": {"id": IRINA, "name": "Irina Test"}, "assigned_to": {"id": ANNA, "name": "Anna Test"}}
    choices = {"status": NEW, "priority": NORMAL, "project": OFFICE, "tracker": SUPPORT}
    texts = {"subject": "A chair broke", "description": "By the window"}
    times = {"created_on": "2026-11-20T09:00:00Z", "updated_on": "2026-11-20T09:30:00Z", "closed_on": None}
    days = {"start_date": "2026-11-20", "due_date": None, "done_ratio": 0}
    file = {"id": 1, "filename": "chair.txt", "filesize": len(CONTENT), "content_type": "text/plain"}
    file |= {"author": _named("irina"), "created_on": "2026-11-20T09:00:00Z"}
    detail = {"property": "attr", "name": "assigned_to_id", "old_value": None, "new_value": "5"}
    parts = {
        "custom_fields": [{"id": 1, "name": "Room", "value": "214"}],
        "attachments": [file],
        "journals": [{**_journal(1, "irina"), "notes": "Please", "details": [detail]}],
        "allowed_statuses": [NEW, STARTED],
        "watchers": [],
        "parent": {"id": 3},
        "relations": [{"id": 1, "issue_id": 7, "issue_to_id": 4, "relation_type": "blocks", "delay": None}],
        "estimated_hours": 2.5,
        "spent_hours": 1.0,
    }
    return deepcopy({"id": 7, **texts, **choices, **people, **times, **days, **parts})
