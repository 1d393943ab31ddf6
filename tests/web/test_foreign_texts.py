"""Texts of others: what can't be seen is refused or has a stand-in, and none turns the direction of what is around."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from helpdesk.paths import folder
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.texts import is_blank
from tests.foreign import give_everything
from tests.telling import tell
from tests.web.conftest import HTML, HTMX, Client, Visit, attached
from tests.web.dom import Element, parsed
from tests.world import FIELD_IDS, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

UNSEEN = ["\u200b", "\u00ad", "\u2800", "\ufeff", "\u202e", "\u3164", "\ufe0f", "\u2066\u2069 \u0301"]
TURNING = "ab\u202ecd\u2066ef"  # opens two, and closes neither
HEBREW = "שלום (1)"
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(params=UNSEEN, ids=lambda text: "-".join(f"{ord(it):04x}" for it in text))
def unseen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_required_text_must_be_visible(visit: Visit, embedded: EmbeddedWorld, unseen: str) -> None:
    number, anna, admin = embedded.new_task(), visit("anna"), visit("admin")
    comment = anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "слово"}).json()["comment"]["id"]
    reply = anna.post("/replies", json={"name": "Имя", "text": "Текст"}).json()["reply"]["id"]
    view = anna.post("/views", json={"name": "Имя", "address": "/tasks"}).json()["view"]["id"]
    for method, address, body, field in (
        ("POST", "/tasks/api/task", {"project_id": 1, "subject": unseen}, "subject"),
        ("POST", "/tasks/new", {"project_id": 1, "subject": unseen}, "subject"),
        ("PUT", f"/tasks/api/task/{number}", {"subject": unseen}, "subject"),
        ("POST", f"/tasks/{number}/edit", {"subject": unseen}, "subject"),
        ("POST", f"/tasks/{number}/comments", {"comment": unseen}, "comment"),
        ("POST", f"/tasks/api/task/{number}/comments", {"comment": unseen}, "comment"),
        ("POST", f"/tasks/api/task/{number}/comment", {"comment": unseen, "private": True}, "comment"),
        ("PUT", f"/tasks/api/task/{number}/comments/{comment}", {"comment": unseen}, "comment"),
        ("POST", f"/tasks/{number}/comments/{comment}", {"comment": unseen}, "comment"),
        ("POST", "/replies", {"name": unseen, "text": "Текст"}, "name"),
        ("POST", "/replies", {"name": "Имя", "text": unseen}, "text"),
        ("POST", f"/replies/{reply}", {"name": unseen, "text": "Текст"}, "name"),
        ("POST", "/views", {"name": unseen, "address": "/tasks"}, "name"),
        ("POST", f"/views/{view}", {"name": unseen}, "name"),
    ):
        client = admin if address.endswith("/comment") else anna
        answer = client.request(method, address, json=body)
        assert answer.status_code == 422 and list(answer.json()["errors"]) == [field], (method, address)
        if "/api/" not in address:
            form = client.request(method, address, data=body, headers=HTML)
            assert form.status_code == 422 and 'aria-invalid="true"' in form.text, (method, address)
    kept = anna.get(f"/tasks/api/task/{number}/history").json()["history"]
    assert [entry["notes"] for entry in kept] == ["слово"]


def test_a_field_that_a_company_demands_must_be_visible(
    visit: Visit, embedded: EmbeddedWorld, database: Database, unseen: str
) -> None:
    room = FIELD_IDS["Кабинет"]

    def demand(db: Session) -> None:
        db.get_one(tables.CustomField, room).required = True

    database.run_here(demand, writes=True)
    for given in ({}, {"custom_fields": [{"id": room, "value": unseen}]}):
        answer = visit("anna").post("/tasks/api/task", json={"project_id": 1, "subject": "x", **given})
        assert answer.status_code == 422 and list(answer.json()["errors"]) == [f"cf_{room}"]


def test_a_comment_that_is_not_visible_is_none(anna: Client, number: int, unseen: str) -> None:
    same = {"priority_id": PRIORITY_IDS["normal"], "comment": unseen}
    assert anna.put(f"/tasks/api/task/{number}/priority", json=same).json()["error"] == "unchanged"
    told = anna.put("/tasks/api/tasks/bulk", json={"updates": [{"task_id": number, "comment": unseen}]}).json()
    assert [it["error"] for it in told["results"]] == ["unchanged"]
    assert anna.post("/tasks/bulk", data={"task_id": number, "comment": unseen}).status_code == 422
    moved = {"status_id": STATUS_IDS["in_progress"], "comment": unseen}
    assert anna.put(f"/tasks/api/task/{number}/status", json=moved).json()["data"]["comment_added"] is False
    anna.put(f"/tasks/api/task/{number}", json={"subject": "Новая", "comment": unseen}).raise_for_status()
    history = anna.get(f"/tasks/api/task/{number}/history").json()["history"]
    assert [(it["notes"], len(it["changes"])) for it in history] == [("", 1), ("", 1)]


@pytest.fixture
def company(visit: Visit, embedded: EmbeddedWorld, database: Database, tmp_path: Path) -> "Company":
    return Company(visit, embedded, database)


class Company:
    """Tasks, files, comments, views, templates and notifications, each with the one text that a test chooses."""

    def __init__(self, visit: Visit, embedded: EmbeddedWorld, database: Database) -> None:
        self.anna, self.embedded, self.database = visit("anna"), embedded, database
        self.task = embedded.new_task("x", description="x")
        self.part = embedded.new_task("x", parent=self.task)
        attached(embedded, self.task, b"x")
        given = [{"id": FIELD_IDS["Кабинет"], "value": "x"}]
        self.anna.put(f"/tasks/api/task/{self.task}", json={"subject": "y", "custom_fields": given}).raise_for_status()
        self.entry = self.anna.post(f"/tasks/{self.task}/comments", json={"comment": "x"}).json()["comment"]["id"]
        self.reply = self.anna.post("/replies", json={"name": "x", "text": "x"}).json()["reply"]["id"]
        self.view = self.anna.post("/views", json={"name": "x", "address": "/tasks?status_id=1"}).json()["view"]["id"]
        for place in (f"task/{self.part}", "project/1"):
            self.anna.post(f"/notifications/mute/{place}", json={"muted": True}).raise_for_status()
        tell(database, "anna", self.task, kind="status", old="x", new="y")

    def gives_everything(self, text: str) -> None:
        path = self.database.engine.url.database
        assert path
        give_everything(Path(path), text)

    def pages(self) -> Iterator[tuple[str, str]]:
        """Every page that shows something of somebody, as (address, HTML)."""
        narrowed = "status_id=1&priority_id=2&project_id=1&tracker_id=1&closed=1"
        for address in (
            "/tasks/my-tasks",
            "/tasks",
            f"/tasks?assigned_to_id={PEOPLE_IDS['boris']}&{narrowed}&search=x",
            f"/tasks?author_id={PEOPLE_IDS['irina']}&{narrowed}",
            "/tasks/statistics",
            f"/tasks/statistics?{narrowed}",
            "/tasks/board",
            "/tasks/board?lanes=assignee",
            "/tasks/board?lanes=project",
            f"/tasks/{self.task}",
            f"/tasks/{self.part}",
            f"/tasks/{self.task}/card",
            f"/tasks/{self.task}/row?edit=1",
            f"/tasks/{self.task}/edit",
            f"/tasks/{self.task}/comments/{self.entry}",
            "/tasks/new?project_id=1",
            "/tasks/new",
            "/replies",
            f"/replies/{self.reply}",
            "/views",
            "/notifications",
            "/notifications/widget",
            "/notifications/preferences",
        ):
            answer = self.anna.get(address, headers=HTMX if address.endswith(("widget", "edit=1")) else HTML)
            assert answer.status_code == 200, address
            yield address, answer.text
        form = {"status_id": STATUS_IDS["in_progress"], "lock_version": "stale"}
        for view in ("page", "row", "card"):
            answer = self.anna.post(f"/tasks/{self.task}/status", data=form | {"view": view}, headers=HTMX)
            assert answer.status_code == 409
            yield f"conflict on a {view}", answer.text
        moved = {"status_id": STATUS_IDS["in_progress"], "view": "card", "next": "/tasks/board"}
        yield "a card moved", self.anna.post(f"/tasks/{self.task}/status", data=moved, headers=HTMX).text


@pytest.mark.parametrize("unseen", ["\u200b", "\u202e"], ids=["nothing", "a direction"])
def test_an_invisible_name_has_a_stand_in_on_every_page(company: Company, unseen: str) -> None:
    company.gives_everything(unseen)
    for address, page in company.pages():
        document = parsed(page.replace("<!doctype html>", ""))
        for link in document.all(
            lambda it: it.tag in ("a", "button", "option", "h1", "h2", "h3", "dt", "strong", "title")
        ):
            label = link.get("aria-label") or link.text or link.get("title") or ""
            drawn = link.get("class") in ("edit", "fold", "thumbnail") or "data-close" in link.attributes
            assert drawn or not is_blank(label) or link.all(lambda it: it.tag == "img"), (
                f"{address}: {link.tag} {link.attributes}"
            )
    page = company.anna.get("/tasks/my-tasks", headers=HTML).text
    assert page.count(">(no subject)</a>") == 2 and ">#1</span>" in page
    page = company.anna.get(f"/tasks/{company.task}", headers=HTML).text
    assert f"<title>#{company.task} (no subject)" in page and "Subject: x → (nothing visible)" not in page
    assert "(nothing visible)" in page
    row = company.anna.get("/tasks/my-tasks").json()["tasks"][0]
    assert {row[name] for name in ("subject", "status", "priority", "project", "assigned_to")} == {unseen}


@pytest.mark.parametrize("text", [TURNING, HEBREW, f"{HEBREW}\u2029\u202e"])
def test_no_text_turns_the_direction_of_what_is_around_it(company: Company, text: str) -> None:
    company.gives_everything(text)
    isolated = 0
    for address, page in company.pages():
        for piece, apart in pieces(parsed(page.replace("<!doctype html>", ""))):
            if apart:
                isolated += 1
                continue
            depth = 0
            for each in piece:
                depth += (each in "\u2066\u2067\u2068") - (each == "\u2069")
                assert depth or not (DIRECTIONS.match(each) or "\u0590" <= each <= "\u08ff") or each == "\u2069", (
                    f"{address}: {piece!r}"
                )
            assert depth == 0, f"{address}: {piece!r}"
    assert isolated > 100


def test_templates_show_names_and_subjects_by_the_filters_alone() -> None:
    """What goes back to us as it came, in `value` and `textarea`, and what is compared stays as it is."""
    foreign = re.compile(r"\.(subject|name|filename|full_name|label|hint)\b(?!\s*(?:\||\)|in\b|==|and\b|is\b|not\b))")
    for file in folder("templates").rglob("*.html"):
        text = re.sub(r"\{#.*?#\}", "", file.read_text(), flags=re.DOTALL)
        for match in re.finditer(r"\{\{(.*?)\}\}", text, re.DOTALL):
            before = text[: match.start()]
            raw = before.endswith(('value="', 'name="', 'id="', "#")) or "<textarea" in before.rpartition(">")[0][-200:]
            said = re.sub(r"'[^']*'|\"[^\"]*\"", "", match[1])
            macro = match[1].strip().startswith(("faults(", "status(", "priority("))
            assert raw or macro or "|" in said or not foreign.search(said), f"{file.name}: {match[0]}"


def pieces(element: Element, apart: bool = False) -> Iterator[tuple[str, bool]]:
    """The texts of a document and of its attributes for people, and whether each has an element to itself."""
    for name in ("title", "aria-label", "alt", "data-name"):
        yield element.get(name) or "", False
    for child in element.children:
        if isinstance(child, str):
            yield child, apart
        elif child.tag not in ("textarea", "script", "style"):
            own = child.tag == "bdi" or child.get("dir") == "auto"
            yield from pieces(child, apart or own)
