"""Files added to a task: all chosen ones arrive, or the form says why not and keeps the ones it has."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.store.models import tables
from helpdesk.tasks.fields import CustomField, CustomValue, Option
from helpdesk.tasks.model import Actor, Task
from tests.full_disk import largest_file
from tests.web.conftest import HTML, HTMX, Visit, attached, seals, session_cookie
from tests.world import EmbeddedWorld

MEGABYTE = 1024 * 1024
PLAN = ('План «А» & "Б".txt', "первый этаж".encode(), "text/plain")
PHOTO = ("фото.jpg", b"\xff\xd8" + b"0" * 1000, "image/jpeg")
Answer = Any


@pytest.fixture
def number(embedded: EmbeddedWorld) -> int:
    return embedded.new_task()


def send(
    client: TestClient, number: int, *files: tuple[str, bytes, str], headers: dict[str, str] = HTML, **fields: Any
) -> Answer:
    chosen = [("files", file) for file in files] or [("files", ("", b"", "application/octet-stream"))]
    return client.post(f"/tasks/{number}/attachments", data=fields, files=chosen, headers=headers)


def names(client: TestClient, number: int) -> list[str]:
    return [file["filename"] for file in client.get(f"/tasks/api/task/{number}").json()["attachments"]]


def history(client: TestClient, number: int) -> list[dict[str, Any]]:
    return client.get(f"/tasks/api/task/{number}/history").json()["history"]


def kept(folder: Path) -> int:
    """How many files the embedded tracker keeps, those half written among them."""
    return sum(path.is_file() for path in (folder / "files").rglob("*"))


def test_several_files_come_by_a_form(visit: Visit, number: int) -> None:
    client = visit("irina")
    answer = send(client, number, PLAN, PHOTO, comment="Вот план и фото.")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}#entry-1")
    assert names(client, number) == [PLAN[0], PHOTO[0]]
    (entry,) = history(client, number)
    assert (entry["notes"], entry["changes"]) == ("Вот план и фото.", [f"File: {PLAN[0]}", f"File: {PHOTO[0]}"])
    page = unescape(client.get(f"/tasks/{number}", headers=HTML).text)
    assert PLAN[0] in page
    link = re.search(rf'href="(/tasks/{number}/files/\d+)">{re.escape(PLAN[0])}<', page)
    assert link and client.get(link[1]).content == PLAN[1]


def test_a_program_gets_the_added_files(visit: Visit, embedded: EmbeddedWorld, number: int) -> None:
    attached(embedded, number, b"before")
    answer = send(visit("anna"), number, PLAN, headers={})
    assert answer.status_code == 201 and answer.json()["message"] == "The files were added."
    (file,) = answer.json()["attachments"]
    assert (file["filename"], file["size"], file["content_type"]) == (PLAN[0], len(PLAN[1]), "text/plain")


def test_the_fragment_has_the_files_and_the_changed_facts(visit: Visit, number: int) -> None:
    page = unescape(send(visit("anna"), number, PLAN, headers=HTMX).text)
    assert page.lstrip().startswith(f'<form class="compose" id="comments-{number}-form"') and PLAN[0] in page
    for target in (f"#entries-{number}", f"#facts-{number}", f"#attachments-{number}", "#toasts"):
        assert f'hx-target="{target}"' in page
    assert '<ul class="task-files">' in page and 'name="staged"' not in page


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "fragment"])
def test_without_a_file_the_form_comes_back_with_its_comment(
    visit: Visit, number: int, headers: dict[str, str]
) -> None:
    client = visit("anna")
    answer = send(client, number, headers=headers, comment="Сейчас приложу")
    assert answer.status_code == 422 and "Please choose a file." in answer.text and "Сейчас приложу" in answer.text
    assert history(client, number) == []


@pytest.mark.parametrize("headers", [HTML, HTMX], ids=["page", "fragment"])
def test_a_file_that_is_too_large_is_reported_in_the_form_which_keeps_its_comment(
    visit: Visit, number: int, headers: dict[str, str], tmp_path: Path
) -> None:
    client = visit("anna", max_content_length=2 * MEGABYTE)
    large = ("большой.bin", b"0" * (3 * MEGABYTE), "application/octet-stream")
    answer = send(client, number, PLAN, large, headers=headers, comment="Вот файл")
    assert answer.status_code == 413 and "The files are too large: at most 2 MB together." in answer.text
    assert "Вот файл" in answer.text and 'type="file"' in answer.text
    assert names(client, number) == [] and kept(tmp_path) == 0


def test_a_program_gets_the_limit(visit: Visit, number: int) -> None:
    client = visit("anna", max_content_length=MEGABYTE)
    answer = send(client, number, ("a.bin", b"0" * (2 * MEGABYTE), ""), headers={})
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert answer.json()["message"] == "The files are too large: at most 1 MB together."


def test_far_too_large_a_body_is_not_read_to_its_end(visit: Visit, number: int) -> None:
    client = visit("anna", max_content_length=1000)
    answer = send(client, number, ("a.bin", b"0" * 10_000, ""), headers={})
    assert answer.status_code == 413


def test_texts_over_the_limit_are_refused_in_a_form_with_files_too(visit: Visit, number: int) -> None:
    client = visit("anna", max_content_length=1000)
    assert send(client, number, PLAN, headers={}, comment="0" * 2000).status_code == 413
    assert history(client, number) == []


def test_too_many_files_are_refused(visit: Visit, number: int) -> None:
    client = visit("anna")
    answer = send(client, number, *[PLAN] * 21)
    assert answer.status_code == 422 and "At most 20 files" in answer.text and names(client, number) == []
    assert send(client, number, *[PLAN] * 101).status_code == 400


def test_files_of_a_refused_form_need_not_be_sent_again(visit: Visit, number: int) -> None:
    client = visit("anna")
    refused = send(client, number, PLAN, PHOTO, comment="0" * 70_000)
    assert refused.status_code == 422 and len(seals(refused.text)) == 2 and names(client, number) == []
    first, _ = seals(refused.text)
    assert send(client, number, staged=[first]).status_code == 303
    assert names(client, number) == [PLAN[0]], "the other one was unticked"


def test_a_seal_is_its_persons_alone_and_works_once(visit: Visit, number: int) -> None:
    anna, boris = visit("anna"), visit("boris")
    (seal,) = seals(send(anna, number, PLAN, comment="0" * 70_000).text)
    for client, given in ((boris, seal), (anna, seal[:-2] + "xx"), (anna, "nonsense")):
        answer = send(client, number, staged=given, comment="не должно остаться")
        assert answer.status_code == 422 and "is not here any more" in answer.text
    assert send(anna, number, staged=seal).status_code == 303
    assert send(anna, number, staged=seal).status_code == 422
    assert names(anna, number) == [PLAN[0]] and len(history(anna, number)) == 1


def test_sent_twice_it_is_added_once(visit: Visit, number: int) -> None:
    client = visit("anna")
    first, second = (send(client, number, PLAN, idempotency_key="once") for _ in range(2))
    assert first.headers["location"] == second.headers["location"] and names(client, number) == [PLAN[0]]
    other = send(client, number, PHOTO, idempotency_key="once", headers={})
    assert (other.status_code, other.json()["error"]) == (409, "key_reused")


def test_nothing_is_attached_to_an_invisible_task(visit: Visit, number: int, tmp_path: Path) -> None:
    for task in (number, 999_999):
        answer = send(visit("stranger"), task, PLAN, headers={})
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert names(visit("anna"), number) == [] and kept(tmp_path) == 0


def test_without_the_right_to_comment_nothing_is_attached_and_no_form_shown(
    visit: Visit, embedded: EmbeddedWorld, number: int
) -> None:
    def mute(session: Session) -> None:
        session.get_one(tables.Role, 2).permissions = ""

    client = visit("irina")
    assert "data-files" in client.get(f"/tasks/{number}", headers=HTML).text
    embedded.database.run_here(mute, writes=True)
    assert send(client, number, PLAN).status_code == 403 and names(client, number) == []
    assert "data-files" not in client.get(f"/tasks/{number}", headers=HTML).text


def test_names_that_are_tags_are_only_names(visit: Visit, number: int) -> None:
    client = visit("anna")
    send(client, number, ('<img src=x onerror="alert(1)">.html', b"<script>alert(1)</script>", "text/html"))
    page = client.get(f"/tasks/{number}", headers=HTML).text
    assert "<img src=x" not in page and "&lt;img src=x" in page


def test_a_form_that_breaks_off_leaves_nothing(visit: Visit, number: int, tmp_path: Path) -> None:
    client = visit("anna")
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (head + b"0" * 5000, head, b"", b"--b", b"nonsense"):
        answer = client.post(f"/tasks/{number}/attachments", content=body, headers=kind)
        assert answer.status_code in (400, 422), body[:20]
    assert names(client, number) == [] and kept(tmp_path) == 0


async def test_a_line_that_breaks_leaves_nothing_and_is_no_fault_of_ours(
    services: Services, number: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
    messages = [
        {"type": "http.request", "body": head + b"0" * 2 * MEGABYTE, "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http", "asgi": {"spec_version": "2.3"}, "method": "POST", "path": f"/tasks/{number}/attachments",
        "root_path": "", "query_string": b"", "client": None, "http_version": "1.1", "scheme": "http",
        "server": ("testserver", 80),
        "headers": [
            (b"host", b"testserver"), (b"content-type", b"multipart/form-data; boundary=b"),
            (b"cookie", f"session={session_cookie(services, 'anna')}".encode()),
        ],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        pass

    await create_app(services)(scope, receive, send)
    assert kept(tmp_path) == 0 and messages == []
    assert not [record for record in caplog.records if record.exc_info]


def test_an_address_somebody_reloads_leads_to_the_task(visit: Visit, number: int) -> None:
    answer = visit("anna").get(f"/tasks/{number}/attachments", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")


def test_a_file_in_a_field_is_a_link_to_it_and_nothing_to_write(
    visit: Visit, services: Services, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a Redmine with a field of that kind tells it."""
    field, load = CustomField(501, "Акт", "file", (Option("77", "акт <1>.pdf"),)), services.backend.task

    async def task(actor: Actor, task_id: int) -> Task:
        found = await load(actor, task_id)
        return found._replace(custom=(*found.custom, CustomValue(field, ("77",))))

    monkeypatch.setattr(services.backend, "task", task)
    page = visit("anna").get(f"/tasks/{number}", headers=HTML).text
    assert f'<a href="/tasks/{number}/files/77">акт &lt;1&gt;.pdf</a>' in page
    told = visit("anna").get(f"/tasks/api/task/{number}").json()["custom_fields"][-1]
    assert told == {"id": 501, "name": "Акт", "value": "77", "filename": "акт <1>.pdf"}
    assert "cf_501" not in visit("anna").get(f"/tasks/{number}/edit", headers=HTML).text


def test_a_file_for_which_the_disk_has_no_room_is_refused_plainly_in_every_face(visit: Visit, number: int) -> None:
    client = visit("anna")
    large = ("large.bin", b"x" * 6_000_000, "application/octet-stream")
    for headers in (HTML, HTMX, {}):
        with largest_file(4_000_000):
            answer = send(client, number, large, headers=headers, comment="со всем")
        assert answer.status_code == 507 and answer.headers["retry-after"] and "disk is full" in answer.text
    assert answer.json()["error"] == "storage_full"
    assert names(client, number) == [] and history(client, number) == []
