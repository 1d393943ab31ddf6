"""The whole product over a Redmine that misbehaves: the contract's error, what was typed, and no secret anywhere."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from itsdangerous import Signer

from helpdesk.app import create_app
from helpdesk.logs import JsonLines
from helpdesk.settings import settings as configuration
from helpdesk.store import people, sessions
from helpdesk.store.database import Database
from helpdesk.tasks.pictures import PictureProcess
from helpdesk.web.core import guards
from helpdesk.web.files import downloads
from helpdesk.wiring import wire
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import CONTENT, DOWNLOAD, EVERYTHING, ISSUE, ImitatedRedmine
from tests.tasks.test_pictures import picture
from tests.web.conftest import HTML, HTMX, SECRET
from tests.world import PASSWORDS

KEY = "the-key-of-an-administrator"
FORM = {"status_id": "2", "comment": "Долго печатала"}
MAILED = {"id": imitation.ANNA, "login": "anna", "firstname": "Анна", "mail": "anna@redmine.test"}
FAULTS = {
    "errors": (imitation.says(500, "<h1>oops</h1>", "text/html"), 503, "unavailable"),
    "hangs up": (imitation.hang_up, 503, "unavailable"),
    "half a JSON": (imitation.half_a_body, 503, "unavailable"),
    "HTML": (imitation.says(200, "<h1>hello</h1>", "text/html"), 502, "bad_gateway"),
    "a wrong key": (imitation.says(401), 502, "wrong_key"),
    "somebody else's key": (imitation.tells({"user": {"id": 1, "login": "owner"}}), 502, "wrong_key"),
}


@pytest.fixture
async def anna(server: ImitatedRedmine, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Her browser, signed in by Redmine before anything went wrong."""
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "DEFAULT_LOCALE": "en"}
    services = wire(configuration.load(environ | {"REDMINE_URL": server.url, "REDMINE_API_KEY": KEY}, Path("/nowhere")))

    def sign_in(db: sessions.Session) -> str:
        person = people.bind_redmine(db, imitation.ANNA, "anna", "Анна", "")
        return sessions.begin(db, person.id or 0, datetime.now(UTC), False, "", "")[0]

    cookie = Signer(SECRET, salt="session").sign(database.run_here(sign_in, writes=True)).decode()
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", cookies={"session": cookie}) as it:
        yield it
    await services.close()


async def test_a_healthy_one_serves_the_pages(anna: httpx.AsyncClient, server: ImitatedRedmine) -> None:
    assert (await anna.get("/tasks/my-tasks", headers=HTML)).status_code == 200
    page = await anna.get("/tasks/7", headers=HTML)
    assert page.status_code == 200 and f'{server.url}/issues/7"' in page.text
    assert (await anna.post("/tasks/7/status", data=FORM, headers=HTML)).status_code == 303


async def test_a_file_is_requested_from_redmine_once_and_only_to_be_sent(
    anna: httpx.AsyncClient, server: ImitatedRedmine
) -> None:
    part = await anna.get("/tasks/7/files/1", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, CONTENT[5:10]) and server.count("GET", DOWNLOAD) == 1
    for headers, status in (({"If-None-Match": part.headers["etag"]}, 304), ({"Range": "bytes=99999999-"}, 416)):
        assert (await anna.get("/tasks/7/files/1", headers=headers)).status_code == status
    assert server.count("GET", DOWNLOAD) == 1
    server.answers[DOWNLOAD] = imitation.says(404)
    for answer in (await anna.head("/tasks/7/files/1"), await anna.get("/tasks/7/files/1?format=json")):
        assert answer.status_code == 404


async def test_a_picture_is_requested_from_redmine_once(
    anna: httpx.AsyncClient, server: ImitatedRedmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PictureProcess, "smaller", lambda process, file, side: b"smaller")
    server.issue["attachments"][0]["filesize"] = len(photo := picture())
    server.answers[DOWNLOAD] = imitation.says(200, photo, "image/png")
    answers = [await anna.get("/tasks/7/files/1/thumbnail") for _ in range(2)]
    assert [answer.content for answer in answers] == [b"smaller"] * 2
    known = {"If-None-Match": answers[0].headers["etag"]}
    assert (await anna.get("/tasks/7/files/1/thumbnail", headers=known)).status_code == 304
    server.issue["attachments"][0]["filesize"] = downloads.LARGEST_PICTURE_FILE + 1
    assert (await anna.get("/tasks/7/files/1/view")).status_code == 404
    assert server.count("GET", DOWNLOAD) == 1


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_face_reports_the_fault_and_no_secret(
    anna: httpx.AsyncClient, server: ImitatedRedmine, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers[EVERYTHING], status, code = FAULTS[fault]
    program = await anna.get("/tasks/my-tasks")
    assert (program.status_code, program.json()["error"], program.json()["success"]) == (status, code, False)
    assert program.headers["retry-after"] == "10"
    page = await anna.get("/tasks/7", headers=HTML)
    assert page.status_code == status and "<h1>" in page.text and "oops" not in page.text
    told = "\n".join(JsonLines().format(record) for record in caplog.records) + program.text + page.text
    assert KEY not in told and "Traceback" not in told and code in told


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_start_page_comes_without_what_redmine_knows(
    anna: httpx.AsyncClient, server: ImitatedRedmine, fault: str
) -> None:
    server.answers[EVERYTHING], status, _ = FAULTS[fault]
    page = await anna.get("/", headers=HTML)
    if "key" in fault:
        assert page.status_code == status and "own access to the task system does not work" in page.text
    else:
        assert page.status_code == 200 and "The task system does not answer just now" in page.text


async def test_a_page_of_several_slow_calls_is_given_up_in_time(
    anna: httpx.AsyncClient, server: ImitatedRedmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "READ_SECONDS", 0.2)
    server.answers["/issues.json"] = imitation.silence
    answer = await anna.get("/tasks/my-tasks")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")


async def test_a_write_that_may_have_been_done_says_so(anna: httpx.AsyncClient, server: ImitatedRedmine) -> None:
    server.loses_the_answer_to(f"PUT {ISSUE}", imitation.hang_up, saved=False)
    sent = {"json": {"status_id": 2}, "headers": {"Idempotency-Key": "k"}}
    answer = await anna.put("/tasks/api/task/7/status", **sent)
    assert (answer.status_code, answer.json()["error"]) == (503, "unsure")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_form_keeps_its_text_when_redmine_fails(
    anna: httpx.AsyncClient, server: ImitatedRedmine, fault: str
) -> None:
    server.answers[EVERYTHING], status, _ = FAULTS[fault]
    page = await anna.post("/tasks/7/status", data=FORM, headers=HTML)
    assert page.status_code == status and ">Долго печатала</textarea>" in page.text
    toast = await anna.post("/tasks/7/status", data=FORM, headers=HTMX)
    assert toast.status_code == status and toast.text.strip().startswith('<hx-partial hx-target="#toasts"')
    assert server.issue["status"]["id"] == 1 and len(server.issue["journals"]) == 1


async def test_sign_in_says_that_redmine_is_down_and_local_accounts_still_get_in(
    anna: httpx.AsyncClient, server: ImitatedRedmine, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers[EVERYTHING] = imitation.hang_up
    anna.cookies.clear()
    answer = await anna.post("/users/login", json={"username": "vera", "password": "sesame-77"})
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "sesame-77" not in answer.text + "\n".join(JsonLines().format(record) for record in caplog.records)
    local = await anna.post("/users/login", json={"username": "boris", "password": "demo-password-boris"})
    assert local.status_code == 200
    unlinked = await anna.get("/tasks/my-tasks")
    assert unlinked.status_code == 403 and "not linked" in unlinked.json()["message"]


async def test_an_outage_shuts_nobody_out_and_gives_no_more_guesses_at_local_passwords(
    anna: httpx.AsyncClient, server: ImitatedRedmine
) -> None:
    async def sign_in(login: str, password: str) -> int:
        return (await anna.post("/users/login", json={"username": login, "password": password})).status_code

    server.answers[EVERYTHING] = imitation.says(503)
    assert [await sign_in("anna@redmine.test", "x") for _ in range(6)] == [503] * 6
    assert [await sign_in("stranger", "x") for _ in range(5)] == [503] * 5
    assert await sign_in("stranger", PASSWORDS["stranger"]) == 503
    assert await sign_in("boris", PASSWORDS["boris"]) == 200
    server.answers.clear()
    server.answers["/users.json"] = imitation.tells({"users": [MAILED]})
    server.answers["/users/current.json"] = imitation.tells({"user": MAILED})
    assert await sign_in("anna@redmine.test", "x") == 200
