"""Calls that nobody should make, and calls that somebody may: drawn from the table of routes by a seeded generator."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes, unquote

from starlette.routing import Match, Route

from helpdesk.web.routes import ROUTES

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW")
IDS = ("1", "2", "3", "4", "0", "00", "-1", "1.5", "2147483647", "2147483648", "9" * 30, "x", "", "%31", "%D9%A1")
ODD_BYTES = (b"\0", b"\xff\xfe", "ё".encode(), "ё".encode("cp1251"), b"%", b"'", b"<script>", b"\r\n", b"../", b"\\")
WORDS = (
    "", " ", "1", "2", "3", "0", "-1", "me", "none", "true", "on", "нет", "new", "in_progress", "принтёр", "#1", "1,2",
    "asc", "desc", "updated_on", "2026-01-31", "2026-01-31T10:00:00Z", "0000-00-00", "+10000-01-01", "9" * 40, "1e9",
    "NaN", "%s", "'; DROP TABLE task --", "<b onclick=x>", "{{ 7*7 }}", "https://evil.test/", "//evil.test", "/tasks/1",
    "a\0b", "\ud800", "\u202e", "я" * 300, "x" * 70_000, "comments-1", "status-1", "row", "anna", "demo-password-anna",
)  # fmt: skip
NAMES = (
    "status_id", "priority_id", "project_id", "tracker_id", "assignee_id", "assigned_to_id", "author_id", "task_id",
    "status", "priority", "project", "search", "sort", "order", "page", "per_page", "limit", "offset", "closed", "q",
    "updated_since", "due_by", "due_date", "start_date", "done_ratio", "estimated_hours", "custom_fields", "subject",
    "description", "comment", "private", "lock_version", "notify_users", "idempotency_key", "view", "next", "updates",
    "username", "password", "remember", "everywhere", "name", "text", "shared", "position", "reply", "at", "typed_by",
    "carried", "theme", "locale", "format", "attachments", "files", "is_public", "parent_id", "user_id", "issue_id",
    "by", "edit", "of", "watching", "delete", "address", "start", "created_since", "created_by", "muted", "wanted",
    "digest", "digest_days", "digest_at", "quiet", "days", "end", "zone", "sound_normal", "sound_high", "complete",
    "phase", "category_id", "grade", "word", "hint", "is_active", "to",
    "phase_1", "limit_1", "folded", "shown", "lanes", "compact", "column", "skip", "ids",
    "host", "target", "since", "until", "period", "note", "method", "port", "group_name", "begins_at", "ends_at",
    "title", "content", "draft", "pinned", "important", "ask_again", "audience", "departments", "rights", "version",
    "published_from", "published_until", "picture_alt", "keep_picture", "kept_files", "staged", "staged_picture",
    "promise", "answer", "solution", "escalate_to", "timezone", "hours_1", "project_ids",
    "action", "to_address", "callId", "destination", "state", "reason_id", "agent_id", "extension", "date",
)  # fmt: skip
HEADERS: dict[bytes, Sequence[bytes]] = {
    b"accept": (b"*/*", b"text/html", b"application/json", b"text/html;q=0", b"image/png", b"", b"\xff", b";;,q=x"),
    b"hx-request": (b"true", b"TRUE", b"\xff"),
    b"hx-current-url": (
        b"http://testserver/tasks/1",
        b"http://testserver/tasks/board?lanes=project",
        b"http://[",
        b"//evil.test",
        b"\xff",
    ),
    b"x-request-id": (b"mine-1", b"a b", b"x" * 65, b"<script>", b"\xff"),
    b"x-csrftoken": (b"whatever",),
    b"accept-language": (b"ru", b"en", b"de, *;q=0.1", b"ru;q=x", b"\xff", b"," * 1000),
    b"idempotency-key": (b"k1", b"k2", b"", b"x" * 200, "ключ".encode(), b"\xff"),
    b"if-none-match": (b"*", b'W/"x"', b'"' * 99, b'W/"0-9999999999"', b"\xff"),
    b"range": (b"bytes=0-0", b"bytes=9-1", b"lines=1", b"bytes=" + b"0-1," * 99),
    b"referer": (b"http://testserver/tasks/1", b"http://[::1", b"\xff"),
    b"origin": (b"http://testserver", b"http://evil.test", b"null", b"", b"\xff"),
    b"sec-fetch-site": (b"same-origin", b"cross-site", b"none", b"\xff"),
    b"accept-encoding": (b"gzip", b"gzip;q=x, *;q=0", b"*;q=0", b"\xff"),
    b"authorization": (b"Bearer hd_x", b"Bearer", b"bearer \xff", b"Basic x", b"Bearer " + b"x" * 9_000),
    b"host": (b"testserver", b"evil.test", b"", b"[", b"\xff"),
    b"cookie": (b"locale=ru", b"theme=dark; locale=xx", b"session=x.y", b"session=\xff; ;=;", b'theme="\\377"', b"="),
}
# What only people use: pages, files, and forms that lead back to a page. By name, or by name and method.
STREAMS = {"notifications:stream", "api:stream"}  # who asks them waits for ever: nobody draws them
PAGES = STREAMS | {
    "home", "static", "preferences", "people:password_link", "people:second_factor_confirm",
    "people:login GET", "people:register GET", "tasks:back", "tasks:export",
    "reports:export_xlsx", "reports:export_csv", "tasks:next_task", "tasks:previous_task",
    "replies:insert", "drafts:discard", "tasks:row GET", "tasks:delete GET", "tasks:new_form", "tasks:new_preview",
    "tasks:thumbnail", "tasks:view", "notifications:show", "tasks:changed", "notifications:widget",
    "admin:new_person GET", "admin:audit_export",
    "requests:changed", "requests:thumbnail", "requests:view", "requests:solved GET", "requests:similar POST",
    "tasks:more", "tasks:cards", "tasks:bulk GET", "people:menu", "search:keys", "people:avatar",
    "people:export", "admin:export", "manifest", "service_worker", "notifications:unsubscribe",
    "calls:bar", "calls:targets", "calls:watch", "calls:state", "calls:act", "calls:dial", "calls:sign_in",
    "calls:sign_out", "calls:favourites", "calls:favourite_add", "calls:favourite", "calls:pop", "calls:export",
    "calls:note GET", "netmonitor:new", "netmonitor:remove GET", "posts:atom", "posts:image",
    "quality:assessments_xlsx", "quality:assessments_csv",
    "quality:export_xlsx", "quality:export_csv",
}  # fmt: skip
KINDS = (
    "application/json", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "text/plain", "",
    "application/x-www-form-urlencoded; charset=x", "multipart/form-data; boundary=b", "multipart/form-data", "\xff",
)  # fmt: skip


# What forms and programs usually send, by the last part of the address, and values that are right for a name.
USUAL = {
    "status": "status_id comment lock_version notify_users next view",
    "priority": "priority_id comment lock_version",
    "assignee": "assignee_id comment lock_version",
    "comments": "comment private idempotency_key",
    "comment": "comment private",
    "bulk": "updates task_id status_id priority_id assignee_id comment",
    "task": "subject project_id tracker_id description status_id priority_id assigned_to_id due_date custom_fields",
    "new": "category_id subject project_id tracker_id description priority_id due_date idempotency_key",
    "{task_id:int}": "subject description due_date start_date done_ratio comment lock_version muted",
    "solved": "grade word typed_by",
    "categories": "name hint project_id tracker_id is_active",
    "{category_id:int}": "name hint project_id tracker_id is_active lock_version",
    "promises": "name project_id tracker_id priority_id answer solution escalate_to is_active",
    "{promise_id:int}": "name project_id tracker_id priority_id answer solution escalate_to is_active lock_version",
    "calendars": "name timezone hours_1 hours_7 days project_ids is_default",
    "{calendar_id:int}": "name timezone hours_1 hours_7 days project_ids is_default lock_version",
    "move": "to",
    "login": "username password remember next",
    "second-factor": "password next",
    "confirm": "sealed code next",
    "codes": "password code",
    "off": "password code",
    "sessions": "end",
    "password": "old_password password confirm_password",
    "{token}": "password confirm_password",
    "tokens": "name scope days",
    "register": "username email password confirm_password full_name department position setup_token next",
    "profile": "full_name email phone office browser_notifications_enabled hides_presence",
    "account": "full_name email phone department hides_presence remove_picture picture idempotency_key",
    "vpn-date": "vpn_end_date",
    "logout": "everywhere",
    "preferences": "theme locale wanted digest digest_days digest_at quiet days start end zone sound_high complete",
    "{place}": "comment private status_id",
    "reply": "reply at comment",
    "replies": "name text shared",
    "{reply_id:int}": "name text position shared",
    "attachments": "comment files",
    "edit": "subject description due_date start_date done_ratio comment lock_version",
    "{entry_id:int}": "comment delete view",
    "preview": "comment description",
    "watch": "watching",
    "{project_id:int}": "muted",
    "row": "status_id priority_id assignee_id lock_version by",
    "card": "status_id priority_id assignee_id due_date comment lock_version view next idempotency_key",
    "views": "name address",
    "columns": "phase_1 limit_1 limit_2 next idempotency_key",
    "fold": "status_id folded next",
    "hints": "closed",
    "{view_id:int}": "name start",
    "dialogs": "to_address",
    "history": "host since until limit",
    "ping": "target",
    "note": "note",
    "hosts": "name group_name method address port query expected_status interval_seconds is_public is_active",
    "{host_id:int}": "name group_name method address port interval_seconds is_active lock_version period",
    "remove": "sure",
    "maintenance": "of begins_at ends_at reason",
    "{dialog_id}": "action to_address callId destination",
    "state": "state reason_id",
    "session": "agent_id password extension",
    "caller": "person_id login",
}
RIGHT: dict[str, Sequence[Any]] = {
    "status_id": (1, 2, 3, "2", "5"), "priority_id": (1, 2, "3", 4), "assignee_id": (1, 2, "3", None, "", "none"),
    "comment": ("Готово", "a\r\n*b*", " "), "private": ("1", True, "no"), "lock_version": ("0", 1, None),
    "task_id": (1, [1, 2, "3"], ["1"]), "idempotency_key": ("k1", "k2"), "next": ("/tasks", "//evil.test"),
    "updates": ([{"task_id": 1, "comment": "x"}, {"task_id": 9, "status_id": 2}], [{"task_id": 2}], []),
    "subject": ("Сканер", "x" * 300), "project_id": (1, "2", 3), "tracker_id": (1, "1"), "custom_fields": ([],),
    "due_date": ("2026-12-31", None), "start_date": ("2026-01-01", ""), "done_ratio": (0, "50", 100),
    "username": ("anna", "nobody"), "password": ("demo-password-anna", "x"), "theme": ("dark", ""),
    "locale": ("ru", "en"), "name": ("Ответ",), "text": ("Здравствуйте, {person}!",), "reply": (1, "2"), "at": (0, "3"),
    "watching": ("1", "no"), "delete": ("1", ""), "description": ("*Зажевал*",), "files": ("нет",),
    "shared": ("1", False), "address": ("/tasks?status_id=2", "/tasks?sort=x", "//evil.test/tasks", "/tasks/7"),
    "start": ("1", False, "22:00"), "by": ("author",), "view": ("card", "row"),
    "muted": ("1", False), "wanted": (["comment:page"], ""),
    "digest": ("1", False), "complete": ("1",), "quiet": ("1", False), "days": (["mon", "sun"], "", "30"),
    "end": ("08:00", "8", "others"),
    "zone": ("Asia/Omsk", "utc"), "sound_high": ("bell", "none"),
    "phase_1": ("waiting", "active", "done"), "limit_1": (1, "9999", None), "limit_2": ("", 0),
    "code": ("123456", "abcd-efgh-jkmn-pqrs", "x" * 200), "sealed": ("x.y.z",),
    "folded": ("1", False), "shown": ("0", True),
    "action": ("ANSWER", "HOLD", "DROP", "SEND_DTMF", "TRANSFER_SST"), "to_address": ("1002", 1002, "8 (495) 1-2"),
    "callId": ("16804377", 16804377), "destination": ("1002",), "state": ("READY", "NOT_READY"), "reason_id": ("1", 2),
    "agent_id": ("1001",), "extension": ("1001", 1001),
    "scope": ("read", "write"), "phase": ("new", "done", "closed"), "category_id": (1, "1", -1), "grade": (5, "0", "6"),
    "word": ("Спасибо", "x" * 501), "hint": ("Сломалось",), "is_active": ("1", False), "to": ("up", "down", "aside"),
}  # fmt: skip


class Call(NamedTuple):
    """One request as it goes over the line: the target still encoded, everything else as bytes."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def path(self) -> str:
        """As uvicorn hands it over."""
        return unquote(self.target.partition(b"?")[0].decode("ascii"))

    def sent(self, name: bytes) -> bytes | None:
        return next((value for header, value in self.headers if header == name), None)


def is_for_people(method: str, path: str) -> bool:
    """Whether an address has no JSON to tell: a page by itself, or one from before that leads to one of today."""
    name = route_name(method, path)
    return name.startswith("old:") or bool({name, f"{name} {'GET' if method == 'HEAD' else method}"} & PAGES)


def route_name(method: str, path: str) -> str:
    """The name of the route that answers; empty when none does."""
    scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    found = (route.name for route in ROUTES if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL)
    return next(found, "")


def draw(dice: Random) -> Call:
    """Most calls are nearly right, so that they get behind the first check."""
    route = dice.choice([each for each in ROUTES if isinstance(each, Route) and each.name not in STREAMS])
    method = dice.choice(sorted(route.methods or ())) if dice.random() < 0.85 else dice.choice(METHODS)
    target = _path(dice, route) + _query(dice)
    headers = [(name, dice.choice(values)) for name, values in HEADERS.items() if dice.random() < 0.06]
    headers += [(b"accept", b"text/html")] if dice.random() < 0.4 else []
    if method in ("GET", "HEAD") and dice.random() < 0.9:
        return Call(method, target, headers, b"")
    kind, body = _body(dice, USUAL.get(route.path.rpartition("/")[2], "").split())
    return Call(method, target, [*headers, (b"content-type", kind.encode("latin-1"))] if kind else headers, body)


def _path(dice: Random, route: Route) -> bytes:
    path = route.path
    for name, convertor in route.param_convertors.items():
        value = _segment(dice, type(convertor).__name__ == "IntegerConvertor")
        path = path.replace("{" + name + "}", value).replace("{" + name + ":int}", value)
        path = path.replace("{" + name + ":path}", value)
    return path.encode() + (quote_from_bytes(dice.choice(ODD_BYTES)).encode() if dice.random() < 0.03 else b"")


def _segment(dice: Random, number: bool) -> str:
    if number:
        return dice.choice(IDS[:3] if dice.random() < 0.8 else IDS)
    known = (
        "comments",
        "status",
        "task:1:comments",
        "task:2:status",
        "task:9:assignee",
        "tasks:bulk",
        "app.css",
        "16804377",
    )
    return dice.choice((*known, "16804377")) if dice.random() < 0.7 else quote_from_bytes(dice.choice(ODD_BYTES))


def _query(dice: Random) -> bytes:
    if dice.random() < 0.5:
        return b""
    pairs = [f"{dice.choice(NAMES)}={_quoted(dice.choice(WORDS))}" for _ in range(dice.randint(1, 4))]
    if dice.random() < 0.1:
        pairs.append(dice.choice(("=", "&&", "a", "%", "%ff=%fe", "page=1&page=2", ";", "[]")))
    return b"?" + "&".join(pairs).encode()


def _body(dice: Random, usual: list[str]) -> tuple[str, bytes]:
    fields = {name: dice.choice(RIGHT[name]) for name in usual if name in RIGHT and dice.random() < 0.8}
    if not fields or dice.random() < 0.4:
        fields |= {dice.choice(usual or NAMES): _value(dice, 0), dice.choice(NAMES): _value(dice, 0)}
    make = _garbage if dice.random() < 0.1 else dice.choice((_json, _form, _multipart))
    kind, body = make(dice, fields)
    return (kind if dice.random() < 0.95 else dice.choice(KINDS)), body


def _json(dice: Random, fields: dict[str, Any]) -> tuple[str, bytes]:
    whole: Any = fields if dice.random() < 0.95 else dice.choice(([fields], None, 7, "x"))
    return "application/json", json.dumps(whole, ensure_ascii=dice.random() < 0.7).encode("utf-8", "surrogatepass")


def _form(dice: Random, fields: dict[str, Any]) -> tuple[str, bytes]:
    pairs = [
        f"{name}={_quoted(str(each))}"
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    return "application/x-www-form-urlencoded", "&".join(pairs + pairs[: dice.randint(0, 1)]).encode()


def _multipart(dice: Random, fields: dict[str, Any]) -> tuple[str, bytes]:
    parts = b""
    for name, value in fields.items():
        file = (
            dice.choice(('; filename="отчёт.png"', '; filename=""', "; filename*=utf-8''%ff"))
            if dice.random() < 0.3
            else ""
        )
        text = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'
        parts += text.encode("utf-8", "surrogatepass")
    return "multipart/form-data; boundary=b", parts + dice.choice((b"--b--\r\n", b"--b--\r\n", b"", b"--b"))


def _garbage(dice: Random, fields: dict[str, Any]) -> tuple[str, bytes]:
    body = dice.choice(
        (b"", b"{", b"[" * 50_000, b"\xff\xfe\0", b"null", b'{"a":1}x', b"a=b&&&=;%", dice.randbytes(200))
    )
    return dice.choice(KINDS[:7]), body


def _value(dice: Random, depth: int) -> Any:
    simple = (*WORDS, None, True, False, 0, 1, 2, 3, -1, 10**30, 1.5, float("nan"), float("inf"))
    if depth < 2 and dice.random() < 0.2:
        return [_value(dice, depth + 1) for _ in range(dice.randint(0, 3))]
    if depth < 2 and dice.random() < 0.2:
        return {dice.choice(NAMES): _value(dice, depth + 1) for _ in range(dice.randint(0, 3))}
    return dice.choice(simple)


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"))
