"""What the contract (§2) promises of every answer, whatever was asked."""

import re
from collections.abc import Iterator
from typing import Any

from tests.contract.asking import Answer
from tests.contract.calls import Call, is_for_people

SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
FILE = re.compile(r"/tasks/(api/task/)?\d+/(files/\d+|attachment/\d+/download)")
JSON_ONLY = re.compile(r"/((tasks/)?api|finesse)/")
MAY_BE_EMPTY = {"/calls/targets"}
"""A list of options, perhaps without one."""
ERROR = {"success", "error", "message", "status_code", "request_id"}
INNARDS = re.compile(rb"Traceback|File \"|sqlalchemy|sqlite3|helpdesk/(web|store|tasks)/")


def broken(call: Call, answer: Answer) -> Iterator[str]:
    """Each promise that an answer does not keep."""
    if not (200 <= answer.status < 500 or answer.status == 501):
        yield "neither an answer nor a refusal"
    sent, given = call.sent(b"x-request-id"), answer.headers.get("x-request-id", "")
    if not given or (sent and SANE_ID.fullmatch(sent) and given != sent.decode()):
        yield f"its id is {given!r}"
    if not re.fullmatch(r"\d+\.\d{3}s", answer.headers.get("x-response-time", "")):
        yield "no time"
    if answer.status == 405 and not answer.headers.get("allow"):
        yield "does not say what is allowed"
    if answer.status == 429 and not answer.headers.get("retry-after", "").isdigit():
        yield "does not say when to try again"
    if 300 <= answer.status < 400 and answer.status != 304 and not re.match(r"/(?![/\\])", answer.headers["location"]):
        yield "leads elsewhere"
    if INNARDS.search(answer.body):
        yield "shows innards"
    yield from _of_its_kind(call, answer)


def _of_its_kind(call: Call, answer: Answer) -> Iterator[str]:
    if call.method == "HEAD" and not answer.body:
        return
    if answer.kind == "application/json":
        yield from _of_json(answer)
    elif FILE.match(call.path) and answer.status in (200, 206, 416):
        return
    elif JSON_ONLY.match(call.path) and answer.status not in (304, 301, 308):
        yield f"{answer.kind!r} at an address for programs"
    elif answer.kind == "text/html":
        if not any(map(call.sent, (b"accept", b"hx-request"))) and not is_for_people(call.method, call.path):
            yield "a page for a program"
        page = answer.body.decode()
        if not page.lstrip().startswith("<") and (page.strip() or call.path not in MAY_BE_EMPTY):
            yield "no HTML"
    elif answer.status >= 400 and "hx-redirect" not in answer.headers:
        yield f"an error as {answer.kind!r}"


def _of_json(answer: Answer) -> Iterator[str]:
    try:
        body: Any = answer.json()
    except ValueError:
        yield "no JSON"
        return
    if answer.status < 400:
        if body.get("success") is not True:
            yield "no success"
        return
    known = ERROR | {"errors"} if answer.status == 422 else ERROR | {"current"} if answer.status == 409 else ERROR
    if not ERROR <= set(body) <= known:
        yield f"its keys are {sorted(body)}"
    if (body["success"], body["status_code"], body["request_id"]) != (
        False,
        answer.status,
        answer.headers["x-request-id"],
    ):
        yield "not the contract's error"
    if answer.status == 422 and not all(isinstance(says, list) and says for says in body["errors"].values()):
        yield "fields without sentences"
