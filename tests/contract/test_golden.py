"""Every JSON answer of the contract, compared whole with its golden file: keys, types, values.

What differs in each run stands there as a marker. After a wanted change: `GOLDEN=write .venv/bin/python -m pytest
tests/contract/test_golden.py`, and read the difference.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from helpdesk import errors
from helpdesk.services import Services
from helpdesk.telephony import phone
from helpdesk.web.routes import ROUTES
from tests.contract.assessment_cases import ASSESSMENT_REFUSALS, ASSESSMENTS
from tests.contract.calls import is_for_people, route_name
from tests.contract.cases import ANSWERS as OTHER_ANSWERS
from tests.contract.cases import REFUSALS as OTHER_REFUSALS
from tests.contract.cases import RINGS, Case
from tests.contract.knowledge_cases import KNOWLEDGE, KNOWLEDGE_REFUSALS
from tests.contract.monitor_cases import MONITOR, MONITOR_REFUSALS
from tests.contract.phone_cases import PHONE, PHONE_REFUSALS
from tests.contract.post_cases import POST_REFUSALS, POSTS
from tests.contract.post_news_cases import POST_NEWS, POST_NEWS_REFUSALS
from tests.contract.promise_cases import PROMISE_REFUSALS, PROMISES
from tests.contract.quality_cases import QUALITY, QUALITY_REFUSALS
from tests.contract.report_cases import REPORT_REFUSALS, REPORTS
from tests.contract.tracker_cases import TRACKER, TRACKER_REFUSALS
from tests.telephony.desks import Shift, on_phone, ring
from tests.web.conftest import Client, Visit

GOLDEN = Path(__file__).parent / "golden"
ANSWERS = (
    ASSESSMENTS
    + OTHER_ANSWERS
    + TRACKER
    + PHONE
    + MONITOR
    + POSTS
    + POST_NEWS
    + KNOWLEDGE
    + QUALITY
    + PROMISES
    + REPORTS
)
REFUSALS = (
    OTHER_REFUSALS
    + TRACKER_REFUSALS
    + PHONE_REFUSALS
    + MONITOR_REFUSALS
    + QUALITY_REFUSALS
    + POST_REFUSALS
    + POST_NEWS_REFUSALS
    + KNOWLEDGE_REFUSALS
    + ASSESSMENT_REFUSALS
    + PROMISE_REFUSALS
    + REPORT_REFUSALS
)
CASES = {case.name: case for case in ANSWERS + REFUSALS}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MINUTE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
SECONDS = {"execution_time", "response_time", "total_time", "avg_time", "max_time", "min_time", "p95_time"}
RANDOM = {
    "<session id>": "[0-9a-f]{64}",
    "<token>": "hd_[A-Za-z0-9_-]{43}",
    "<secret>": "[A-Z2-7]{32}",
    "<app>": "otpauth://totp/.+:anna.secret=[A-Z2-7]{32}&issuer=.+",
    "<sealed>": r"\.?[\w-]{60,}\.[\w-]+\.[\w-]+",
    "<link>": r"/users/password/[\w-]{43}",
    "<feed>": r"http://testserver/posts/feed\.atom\?token=[\w-]{43}",
    "<recovery code>": "[a-z2-9]{4}(-[a-z2-9]{4}){3}",
}
RANDOM_NAMES = {"id", "token", "secret", "address", "sealed", "recovery_codes", "link", "url"}
BESIDE_OTHERS = {
    "api:erp_user", "people:download_erp", "people:reread", "notifications:device_test", "notifications:email_test",
    "push:key", "push:subscription", "push:token", "assessments:quality", "quality:comparison",
}  # fmt: skip
"""What answers only beside another system: tests/web/test_own_directories.py, test_erp_client.py, test_devices.py,
test_push.py, tests/web/quality/test_second_redmine.py and tests/web/quality/test_tables.py ask it."""
TOLD_HEADERS = ("allow", "retry-after")
STATUSES = {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 501, 502, 503}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("story")
def test_an_answer_is_the_golden_one(
    visit: Visit, services: Services, shift: Shift, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case, file, desk = CASES[name], GOLDEN / f"{name}.json", services.desk
    client = visit(case.login, **case.settings)
    if case.phone:
        on_phone(client, services, case.login or "")
    if case.phone == RINGS:
        ring(client, shift)
    if case.failing and desk:
        where, what = (desk.phone, "team") if case.phone else (services.backend, "task")
        monkeypatch.setattr(where, what, _raising(case.failing))
    found = _told(case, _asked(client, case))
    if os.environ.get("GOLDEN") == "write":
        file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    assert found == json.loads(file.read_text())


def test_every_address_for_programs_has_a_golden_answer() -> None:
    asked = {(case.method, route_name(case.method, case.path.partition("?")[0])) for case in ANSWERS}
    for route in ROUTES:
        for method in getattr(route, "methods", set()) - {"HEAD"}:
            path = re.sub(r"\{\w+(:\w+)?\}", "1", route.path)
            if not (is_for_people(method, path) or route.name in BESIDE_OTHERS):
                assert (method, route.name) in asked, f"{method} {route.path} has no golden answer in cases.py"


def test_every_refusal_has_a_golden_error() -> None:
    told = [json.loads((GOLDEN / f"{case.name}.json").read_text()) for case in REFUSALS]
    assert {each["status"] for each in told} == STATUSES
    # Of these the second is told as a success, for it was saved; the others by a busy process and a full disk alone.
    no_refusals = {"error", "saved_unseen", "overloaded", "storage_full"}
    codes = {*_codes(errors.HelpdeskError), "method_not_allowed"} - no_refusals
    assert {each["body"]["error"] for each in told} == codes


def test_no_golden_file_is_without_its_case() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(CASES)


def _asked(client: Client, case: Case) -> httpx.Response:
    if case.before:
        path, first = case.before
        client.post(path, json=first).raise_for_status()
    bodies = [*([case.first] if case.first else []), *[case.body] * case.times]
    for body in bodies:
        sent: dict[str, Any] = (
            {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        )
        if case.files:
            sent = {"files": [("files", file) for file in case.files]}
        headers = {"Content-Type": "application/json"} if isinstance(body, bytes) else {}
        answer: httpx.Response = client.request(case.method, case.path, **sent, headers={**headers, **case.headers})
    return answer


def _told(case: Case, answer: httpx.Response) -> dict[str, Any]:
    headers = {name: _normal(name, answer.headers[name]) for name in TOLD_HEADERS if name in answer.headers}
    body = {name: _normal(name, value) for name, value in answer.json().items()}
    asked = f"{case.method} {case.path}"
    return {"asked": asked, "by": case.login, "status": answer.status_code, **headers, "body": body}


def _normal(name: str, value: Any) -> Any:
    """What is another in each run, as a marker."""
    if isinstance(value, dict):
        return {inner: _normal(inner, each) for inner, each in value.items()}
    if isinstance(value, list):
        return [_normal(name, each) for each in value]
    if name == "request_id" and re.fullmatch("[0-9a-f]{16}", value):
        return "<request id>"
    if name in RANDOM_NAMES and isinstance(value, str) and (kind := _random(value)):
        return kind
    if name in ("sessions", "tasks_today") and isinstance(value, int):  # of all cases before
        return "<number>"
    if name == "away_until" and value is not None:
        return "<day>"
    if name in SECONDS and isinstance(value, float):
        return "<seconds>"
    if name == "error" and isinstance(value, str):
        return MINUTE.sub("<minute>", value)
    if name == "retry-after" and value.isdigit():
        return "<seconds>"
    return "<moment>" if isinstance(value, str) and MOMENT.fullmatch(value) else value


def _random(text: str) -> str:
    """What a text of random characters is, if it is one."""
    found = (name for name, shape in RANDOM.items() if re.fullmatch(shape, text))
    return next(found, "")


def _raising(error: errors.HelpdeskError) -> Any:
    async def fail(*_: object) -> None:
        raise error

    return fail


def _codes(error: type[errors.HelpdeskError]) -> Iterator[str]:
    yield error.code
    for kind in error.__subclasses__():
        if kind.__module__ in (errors.__name__, phone.__name__):
            yield from _codes(kind)
