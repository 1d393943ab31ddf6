"""Whatever is sent to any address, it is answered as what it is: nothing of it is a fault of ours."""

import json
import os
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.routing import Route

from helpdesk.web.routes import ROUTES
from tests.web.conftest import HTML, HTMX, Visit, attached
from tests.world import EmbeddedWorld

SOAK = os.environ.get("SOAK") == "true"
SEED = int(os.environ.get("SEED", "1"))
TRIES = 40 if SOAK else 1
GIVEN = {"place": "task:1:comments", "name": "app.css", "form": "status"}
"""What stands in an address for anything but a number."""

FIELDS = (
    "status_id", "priority_id", "assignee_id", "tracker_id", "parent_id", "project_id", "subject", "description",
    "comment", "start_date", "due_date", "done_ratio", "estimated_hours", "is_private", "custom_fields", "cf_1",
    "cf_2", "updates", "task_id", "staged", "seen", "lock_version", "typed_by", "carried", "next", "view",
    "idempotency_key", "username", "password", "remember", "wanted", "days", "start", "end", "zone", "phase_1",
    "limit_1", "at", "name", "address", "theme", "locale", "everywhere", "muted", "private", "notify_users", "of",
    "page", "per_page", "limit", "offset", "search", "sort", "order", "closed", "updated_since", "due_by",
    "created_by", "assigned_to_id", "author_id", "tasks", "after", "ids", "column", "skip", "lanes", "since", "entry",
    "from",
)  # fmt: skip
TEXTS = (
    "", "\0", "\x1b", "9" * 5_000, "-1", "1e400", "NaN", "²", "٣", "\u2028", "ы" * 70_000, "[", "http://[", "//x",
    "1.5", "0001-01-01", "9999-12-31T23:59:59+14:00", "me,none", "%", "25:00", "../../etc/passwd",
    "2026-11-20T10:00:00Z.9.9",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 1.5, 10**39, 1e308, [], {}, [[]], [{}], [None], {"a": {"b": [1]}}, ["x"] * 30, "\ud800",
    [{"id": 10**30, "value": {}}], [{"id": True, "value": [[]]}], [{"task_id": [], "status_id": {}}], *TEXTS,
)  # fmt: skip
HEADERS = (
    ("Range", "bytes=" + "9" * 400 + "-"), ("Range", "bytes=-0"), ("Range", "bytes=5-1"),
    ("If-None-Match", '"' * 3_000), ("If-None-Match", 'W/"x-9999999999"'), ("If-Range", "x"),
    ("Accept", ",;q=0,,;=,text/html;q=a"), ("Accept", "*/" * 999), ("Accept-Language", "ru;q=nan,en;q=1e400,;q=,q"),
    ("Accept-Encoding", "br;q=nan, gzip;q=1e400,*;q="), ("Host", "["), ("Last-Event-ID", "9" * 400),
    ("HX-Current-URL", "http://["), ("Referer", "http://[/x"), ("Host", "x:99999999"), ("Origin", "http://["),
    ("Idempotency-Key", "k" * 81), ("Content-Type", ";"), ("Content-Type", "multipart/form-data"),
    ("Content-Type", "application/json; charset=undefined"), ("Content-Encoding", "gzip"),
    ("Cookie", "session=" + "." * 500), ("Cookie", "locale=xx; theme=yy; list=1:%"),
    ("X-HTTP-Method-Override", "DELETE"),
)  # fmt: skip


def addresses() -> Iterator[tuple[str, str]]:
    """Every method of every route; event streams never end."""
    for route in ROUTES:
        if isinstance(route, Route) and "stream" not in route.path:
            address = re.sub(r"\{(\w+)[^}]*\}", lambda found: GIVEN.get(found[1], "1"), route.path)
            yield from ((method, address) for method in sorted(route.methods or ()))


def odd_request(dice: random.Random, method: str) -> dict[str, Any]:
    """What comes with a request, of which one thing is odd."""
    asked: dict[str, Any] = {"headers": dict(dice.choice((HTML, HTMX, {})))}
    if dice.random() < 0.3:
        name, value = dice.choice(HEADERS)
        asked["headers"][name] = value
    field = dice.choice(FIELDS)
    if method in ("GET", "HEAD"):
        return asked | {"params": {field: dice.choice(TEXTS)[:5_000]}}
    values = {"status_id": 2, "priority_id": 2, "project_id": 1, "subject": "x", "comment": "y"}
    if dice.random() < 0.5:
        kind, body = "application/json", json.dumps(values | {field: dice.choice(VALUES)})
    else:
        kind, body = "application/x-www-form-urlencoded", urlencode(values | {field: dice.choice(TEXTS)})
    asked["headers"].setdefault("Content-Type", kind)
    return asked | {"content": body}


@pytest.mark.soak
def test_nothing_that_is_odd_is_a_fault_of_ours(visit: Visit, embedded: EmbeddedWorld) -> None:
    dice, anna = random.Random(SEED), visit("anna")
    for _ in range(3):
        attached(embedded, embedded.new_task(), b"x")
    for method, address in addresses():
        for _ in range(TRIES):
            asked = odd_request(dice, method)
            answer = anna.request(method, address, **asked)
            assert answer.status_code in (*range(500), 501), (method, address, asked)
            if "set-cookie" in answer.headers and "logout" in address:
                anna = visit("anna")
