"""Around every request: ids, times, headers, the log, foreign origins, faults of ours."""

import json
import logging
import re
from pathlib import Path

import pytest
from httpx import Response
from starlette.testclient import TestClient

from helpdesk import web
from helpdesk.logs import JsonLines
from helpdesk.services import Services
from helpdesk.web.core import faces
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PASSWORDS, EmbeddedWorld

POLICY = "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'"


@pytest.mark.parametrize("address", ["/tasks/my-tasks", "/nowhere", "/users/login", "/healthz"])
def test_every_answer_carries_its_id_its_time_and_the_policy(visit: Visit, address: str) -> None:
    answer = visit("anna").get(address, headers=HTML)
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
    assert re.fullmatch(r"\d+\.\d{3}s", answer.headers["x-response-time"])
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("public_url", "told"),
    [
        ("https://helpdesk.example.test", "max-age=31536000"),
        ("https://helpdesk.example.test:443", "max-age=31536000"),
        ("https://helpdesk.example.test:8443", None),  # it would shut what is on the host's other ports
        ("http://helpdesk.example.test", None),
        (None, None),
    ],
)
def test_browsers_keep_to_https_where_our_address_is(visit: Visit, public_url: str | None, told: str | None) -> None:
    client = visit("anna", public_url=public_url)
    for address in ("/tasks/my-tasks", "/healthz", "/nowhere"):
        assert client.get(address).headers.get("strict-transport-security") == told


@pytest.mark.parametrize("secure", [True, False])
def test_every_cookie_is_secure_where_that_of_the_session_is(
    visit: Visit, embedded: EmbeddedWorld, secure: bool
) -> None:
    client = visit(public_url="https://testserver" if secure else None)
    own = HTML | {"Origin": "https://testserver" if secure else "http://testserver"}
    client.base_url = client.base_url.copy_with(scheme="https" if secure else "http")
    answers = [
        client.post("/users/login", data={"username": "anna", "password": PASSWORDS["anna"]}, headers=own),
        client.post("/preferences", data={"theme": "dark", "locale": "ru"}, headers=own),
        client.get("/tasks?status_id=1", headers=own),
        client.get(f"/tasks/{embedded.new_task()}", headers=own | {"Referer": "http://testserver/tasks?page=2"}),
        client.post("/users/logout", headers=own),
    ]
    cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
    assert {"session", "device", "theme", "locale", "wrote", "list", "flash", "splash"} == {
        it.partition("=")[0] for it in cookies
    }
    assert [it for it in cookies if ("; secure" in it.lower()) != secure] == []


DOCUMENTS = {"content-security-policy", "referrer-policy", "cross-origin-opener-policy"}


def of_documents(answer: Response) -> set[str]:
    assert answer.headers["x-content-type-options"] == "nosniff"
    return DOCUMENTS & set(answer.headers)


def dest(name: str) -> dict[str, str]:
    return {"Sec-Fetch-Dest": name}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("headers", "policies"),
    [
        (HTMX, True),
        (HTML | dest("empty"), True),
        (HTMX | dest("empty"), False),
        *((HTMX | dest(name), True) for name in ("", "document", "iframe", "embed", "object", "worker", "style", "x")),
    ],
)
def test_only_what_htmx_surely_gets_goes_without_the_policies_of_documents(
    visit: Visit, embedded: EmbeddedWorld, method: str, headers: dict[str, str], policies: bool
) -> None:
    address = f"/tasks/{embedded.new_task()}" + ("/comments" if method == "POST" else "")
    answer = visit("anna").request(method, address, data={"comment": "x"}, headers=headers)
    assert answer.status_code == (303 if method == "POST" and "HX-Request" not in headers else 200)
    assert of_documents(answer) == (DOCUMENTS if policies else set())


def test_a_cacheable_fragment_for_htmx_has_the_policies(visit: Visit) -> None:
    style = re.findall(r'href="(/static/app[^"]+)"', visit().get("/users/login", headers=HTML).text)[0]
    answer = visit().get(style, headers=HTMX | dest("empty"))
    assert "HX-Request" not in answer.headers["vary"] and of_documents(answer) == DOCUMENTS


def test_styles_and_scripts_go_without_policies_as_such_and_pictures_never(visit: Visit) -> None:
    page = visit().get("/users/login", headers=HTML).text
    for address in set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page)):
        own = {"css": "style", "js": "script", "svg": "image"}[address.rpartition(".")[2]]
        for name in ("style", "script", "image", "empty", "document", ""):
            answer = visit().get(address, headers=dest(name))
            if own == "image":
                assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
            else:
                assert of_documents(answer) == (set() if name == own else DOCUMENTS), (address, name)


def test_no_page_goes_without_policies_for_being_asked_for_as_a_style_or_script(visit: Visit) -> None:
    for name in ("style", "script", "image"):
        assert of_documents(visit("anna").get("/tasks/my-tasks", headers=HTML | dest(name))) == DOCUMENTS


def test_a_sane_request_id_is_taken_over_and_no_other(visit: Visit) -> None:
    for sent, kept in (("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("<script>", False)):
        answer = visit().get("/nowhere", headers={"X-Request-ID": sent})
        assert (answer.headers["x-request-id"] == sent) == kept
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_pages_hold_no_script_or_style_of_their_own(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("anna").get(f"/tasks/{embedded.new_task()}", headers=HTML).text
    assert re.findall(r"<script(?! src=)|<style|\sstyle=|\son\w+=|hx-on", page) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver.evil.test"}, 403),
        ({"Origin": ""}, 403),
    ],
)
def test_a_write_from_another_site_is_refused(number: int, visit: Visit, headers: dict[str, str], status: int) -> None:
    answer = visit("anna").post(f"/tasks/{number}/comments", data={"comment": "x"}, headers=HTML | headers)
    assert answer.status_code == status
    assert visit().post("/users/logout", headers=HTML | headers).status_code == status


def test_our_public_address_is_the_only_origin_when_it_is_set(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(), visit("anna", public_url="https://helpdesk.example.test")
    for origin, status in (("https://helpdesk.example.test", 303), ("http://testserver", 403)):
        answer = anna.post(f"/tasks/{number}/comments", data={"comment": "x"}, headers=HTML | {"Origin": origin})
        assert answer.status_code == status


def test_the_log_has_one_line_a_request_and_no_secret(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    client = visit()
    with caplog.at_level(logging.INFO):
        client.post(
            "/users/login?token=geheim",
            json={"username": "anna", "password": PASSWORDS["anna"]},
            headers={"X-Request-ID": "mine"},
        )
    lines = [record for record in caplog.records if record.name == "helpdesk.requests"]
    told = json.loads(JsonLines().format(lines[0]))
    assert len(lines) == 1
    assert (told["method"], told["path"], told["status"], told["request_id"]) == ("POST", "/users/login", 200, "mine")
    everything = "\n".join(JsonLines().format(record) for record in caplog.records if "httpx" not in record.name)
    for secret in (PASSWORDS["anna"], "geheim", client.cookies["session"]):
        assert secret not in everything


def broken(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    def fail(*_: object) -> str:
        raise RuntimeError("the secret innards")

    client = visit("anna")
    monkeypatch.setattr(client.app.app.state.services.backend, "task", fail)
    return client


def test_the_log_says_who_asked(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        visit("anna").get("/tasks/my-tasks")
        visit().get("/users/login")
    lines = [json.loads(JsonLines().format(it)) for it in caplog.records if it.name == "helpdesk.requests"]
    assert [line["login"] for line in lines] == ["anna", None]


def test_every_page_bears_the_name_that_the_company_chose(visit: Visit) -> None:
    page = visit("anna", brand_name="R&D <desk>").get("/tasks/my-tasks", headers=HTML).text
    assert "· R&amp;D &lt;desk&gt;</title>" in page and "<span>R&amp;D &lt;desk&gt;</span>" in page
    assert "· TEZ Navigator</title>" in visit().get("/users/login", headers=HTML).text


def test_a_fault_of_ours_is_logged_whole_and_shown_as_a_number(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = broken(visit, monkeypatch)
    for headers in (HTML, HTMX, {}):
        answer = client.get("/tasks/1", headers=headers | {"X-Request-ID": "find-me"})
        assert answer.status_code == 500 and "innards" not in answer.text and "Traceback" not in answer.text
        assert answer.headers["content-security-policy"] == POLICY
    assert answer.json() == {
        "success": False,
        "error": "error",
        "message": "Something went wrong. It has been noted.",
        "status_code": 500,
        "request_id": "find-me",
    }
    assert "find-me" in client.get("/tasks/1", headers=HTML | {"X-Request-ID": "find-me"}).text
    told = JsonLines().format(next(record for record in caplog.records if record.exc_info))
    assert "the secret innards" in json.loads(told)["exception"] and "\n" not in told


def test_a_store_that_is_down_is_no_fault_of_ours_and_shows_no_innards(
    anna: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.database.run_here(lambda db: db.connection().exec_driver_sql("DROP TABLE session"), writes=True)
    for headers in (HTML, {}):
        answer = anna.get("/tasks/my-tasks", headers=headers)
        assert answer.status_code == 503 and answer.headers["retry-after"] and "session" not in answer.text.lower()


def test_static_files_are_kept_for_good_under_a_name_of_their_content(visit: Visit) -> None:
    page = visit().get("/users/login", headers=HTML).text
    for address in re.findall(r'(?:src|href)="(/static/[^"#]+)', page):
        answer = visit().get(address)
        assert answer.status_code == 200 and answer.headers["cache-control"].endswith("immutable")
    assert visit().get("/static/../pyproject.toml").status_code == 404
    assert visit().get("/static/nothing.css").status_code == 404
    plain = visit().get("/static/app.css")
    assert plain.status_code == 307 and plain.headers["location"] in page


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html", True), ("TEXT/HTML;q=0.1", True), ("application/json, text/html;q=0.9", True), ("*/*", False),
        ("", False), ("text/html;q=0, application/json", False), ("text/htmlx", False), ("application/json", False),
    ],
)  # fmt: skip
def test_an_accept_header_that_names_html_gets_html(visit: Visit, accept: str, html: bool) -> None:
    kind = visit("anna").get("/tasks/my-tasks", headers={"Accept": accept}).headers["content-type"]
    assert kind.startswith("text/html") == html


@pytest.mark.parametrize("address", ["/tasks/my-tasks", "/tasks/7", "/nowhere", "/", "/users/login", "/users/logout"])
def test_a_personal_page_is_kept_by_no_shared_cache(visit: Visit, address: str) -> None:
    for client in (visit(), visit("anna")):
        for headers in (HTML, HTMX, {}):
            answer = client.get(address, headers=headers)
            assert answer.headers["cache-control"] == "private, no-cache" and "Cookie" in answer.headers["vary"]


def test_an_answer_to_a_write_is_kept_by_no_cache_and_names_nothing_it_varies_by(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    address, client = f"/tasks/{embedded.new_task()}/comments", visit("anna")
    for headers in (HTML, HTMX, {}):
        answer = client.post(address, data={"comment": "x"}, headers=headers | {"Accept-Encoding": "br"})
        assert "vary" not in answer.headers and answer.headers["cache-control"] == "private, no-cache"


def test_health_needs_no_session(visit: Visit) -> None:
    assert visit().get("/healthz").json()["success"] is True
    assert visit().get("/readyz").json()["success"] is True


def test_htmx_headers_are_read_in_one_place() -> None:
    for file in Path(web.__file__).parent.rglob("*.py"):
        if file != Path(faces.__file__):
            read = re.search(r"headers[\[.(a-z]*\"hx-", file.read_text(), re.IGNORECASE)
            assert not read, f"{file.name}: {read}"
