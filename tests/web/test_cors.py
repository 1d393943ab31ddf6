"""Pages of the origins in CORS_ORIGINS use the JSON API with a token; the cookie is of no use to them."""

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import HTML, Visit
from tests.web.tokens import make, program

LISTED, OTHER = "https://tools.example.test", "https://evil.test"
READING = "/tasks/my-tasks"
ALLOW = "access-control-allow-origin"


def preflight(client: TestClient, path: str, origin: str = LISTED, method: str = "GET") -> dict[str, str]:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
    answer = client.options(path, headers={"Origin": origin, **asked})
    return {**answer.headers, "status": str(answer.status_code)}


@pytest.fixture
def guest(visit: Visit) -> TestClient:
    return visit(cors_origins=(LISTED, "https://second.example.test"))


@pytest.fixture
def tool(visit: Visit) -> TestClient:
    """A page of a listed origin, with anna's token."""
    client = visit(cors_origins=(LISTED,))
    client.headers["Authorization"] = f"Bearer {make(visit('anna'))['token']}"
    return client


def test_a_browser_that_asks_beforehand_is_told_what_a_listed_page_may_send(guest: TestClient) -> None:
    for path in (READING, "/tasks/api/task/7/status", "/api/redmine/projects", "/tasks/api/notifications/stream"):
        told = preflight(guest, path, method="PUT")
        assert (told["status"], told[ALLOW], told["vary"]) == ("204", LISTED, "Origin")
        assert set(told["access-control-allow-methods"].split(", ")) == {"GET", "HEAD", "POST", "PUT", "DELETE"}
        headers = {"Authorization", "Content-Type", "Idempotency-Key"}
        assert set(told["access-control-allow-headers"].split(", ")) == headers
        assert "access-control-allow-credentials" not in told and "set-cookie" not in told
    assert preflight(guest, READING, "https://second.example.test")[ALLOW] == "https://second.example.test"


@pytest.mark.parametrize(
    "origin", [OTHER, "null", "", LISTED.upper(), f"{LISTED}.evil.test", f"{LISTED}/", "http:" + LISTED[6:]]
)
def test_other_pages_are_told_nothing(guest: TestClient, tool: TestClient, origin: str) -> None:
    told = preflight(guest, READING, origin)
    assert told["status"] == "405" and not [name for name in told if name.startswith("access-control")]
    answer = tool.get(READING, headers={"Origin": origin})
    assert answer.status_code == 200 and ALLOW not in answer.headers and "Origin" in answer.headers["vary"]


def test_without_the_setting_nobody_is_told_anything(visit: Visit) -> None:
    assert preflight(visit(), READING)["status"] == "405"
    answer = program(visit, make(visit("anna"))["token"]).get(READING, headers={"Origin": LISTED})
    assert answer.status_code == 200 and ALLOW not in answer.headers and "Origin" not in answer.headers["vary"]


@pytest.mark.parametrize(
    "path",
    ["/users/login", "/users/tokens", "/users/sessions", "/users/password", "/users/password/x", "/preferences",
     "/static/app.css", "/healthz", "/nowhere"],
)  # fmt: skip
def test_addresses_that_take_no_token_are_open_to_no_page_of_others(
    guest: TestClient, tool: TestClient, path: str
) -> None:
    told, answer = preflight(guest, path), tool.get(path, headers={"Origin": LISTED})
    assert ALLOW not in told and ALLOW not in answer.headers


def test_a_listed_page_reads_and_writes_with_a_token(tool: TestClient, number: int) -> None:
    read = tool.get(f"/tasks/api/task/{number}", headers={"Origin": LISTED, "Sec-Fetch-Site": "cross-site"})
    assert (read.status_code, read.headers[ALLOW]) == (200, LISTED)
    assert "Origin" in read.headers["vary"] and "Accept" in read.headers["vary"]
    written = tool.post(f"/tasks/api/task/{number}/comments", json={"comment": "Да"}, headers={"Origin": LISTED})
    assert (written.status_code, written.headers[ALLOW]) == (201, LISTED)
    for answer in (read, written):
        assert "access-control-allow-credentials" not in answer.headers and "set-cookie" not in answer.headers


def test_a_listed_page_also_reads_why_it_was_refused(visit: Visit, tool: TestClient) -> None:
    forged = visit(cors_origins=(LISTED,))
    forged.headers["Authorization"] = "Bearer hd_forged"
    for client, path, status in ((forged, READING, 401), (tool, "/tasks/api/task/77", 404), (tool, READING, 431)):
        more = {"X-Much": "x" * 40_000} if status == 431 else {}
        answer = client.get(path, headers={"Origin": LISTED, **more})
        assert (answer.status_code, answer.headers[ALLOW]) == (status, LISTED)


@pytest.mark.parametrize("headers", [HTML, {}])
def test_the_cookie_of_a_session_is_of_no_use_to_a_listed_page(
    visit: Visit, number: int, headers: dict[str, str]
) -> None:
    anna = visit("anna", cors_origins=(LISTED,))
    answer = anna.get(READING, headers={"Origin": LISTED, **headers})
    assert answer.status_code == 200 and ALLOW not in answer.headers and "Origin" not in answer.headers["vary"]
    comment = f"/tasks/api/task/{number}/comments"
    written = anna.post(comment, json={"comment": "Нет"}, headers={"Origin": LISTED, **headers})
    assert written.status_code == 403 and ALLOW not in written.headers
