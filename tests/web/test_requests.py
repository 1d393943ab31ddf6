"""My requests: what their requester sees, how one is answered, thanked for and made, and that nobody else sees it."""

import asyncio
import re
from dataclasses import replace
from typing import NoReturn

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import NotAllowed, Unavailable
from helpdesk.people.model import SignedIn
from helpdesk.services import Services
from helpdesk.store import board
from helpdesk.store.board import ColumnSettings
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person, RequestCategory, Task
from helpdesk.tasks.model import Edit
from helpdesk.web.requests import index
from tests.telling import tell as notify
from tests.web.conftest import HTML, HTMX, Client, Visit, attached, notes, seals
from tests.web.dom import Element, parsed
from tests.web.test_drafts import hidden, kept, mark
from tests.world import PASSWORDS, PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

SECRET = "Опять перегрел плату"
TEXT = "Набирала «долго» & <b>терять</b> жалко"
SHOWN = "Набирала «долго» &amp; &lt;b&gt;терять&lt;/b&gt; жалко</textarea>"


@pytest.fixture
def irina(visit: Visit, services: Services) -> Client:
    """Who asks for help, while administrators say that `waiting` waits for the requester."""
    columns = {STATUS_IDS["waiting"]: ColumnSettings("waiting")}
    services.database.run_here(lambda db: board.save_columns(db, columns), writes=True)
    return visit("irina")


@pytest.fixture
def mine(embedded: EmbeddedWorld, irina: Client) -> int:
    """The number of a request of irina's that anna works on."""
    return embedded.new_task("Не печатает принтер", status="in_progress", description="*Замятие* в лотке")


def page(client: Client, address: str, status: int = 200) -> Element:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == status, answer.text
    return parsed(answer.text)


def tell(world: EmbeddedWorld, number: int, text: str, private: bool = False) -> None:
    asyncio.run(world.backend.comment(world.actor("anna"), number, text, private))


def let_requesters(services: Services, *moves: tuple[str, str]) -> None:
    """The role of requesters may move tasks from one status to another."""

    def work(db: Session) -> None:
        for old, new in moves:
            db.add(tables.Transition(role_id=2, old_status_id=STATUS_IDS[old], new_status_id=STATUS_IDS[new]))
        role = db.get(tables.Role, 2)
        assert role
        role.permissions = "comment create edit"

    services.database.run_here(work, writes=True)


def acts(services: Services) -> list[tuple[str, int | None]]:
    """What irina did to tasks by the record of acts."""
    rows = services.database.run_here(lambda db: db.exec(select(tables.AuditRecord)).all())
    return [(it.action, it.task_id) for it in rows if it.actor_id == PEOPLE_IDS["irina"]]


# The list


def test_the_cards_agree_with_the_table_and_lead_to_their_requests(irina: Client, embedded: EmbeddedWorld) -> None:
    for status in ("new", "in_progress", "in_progress", "waiting", "closed"):
        embedded.new_task(f"Моя {status}", status=status)
    embedded.new_task("Чужая", author="boris")
    whole = page(irina, "/requests")
    cards = {
        it["href"]: int(it.elements[-1].text) for it in whole.of_class("request-cards")[0].all(lambda it: it.tag == "a")
    }
    assert cards == {
        f"/requests?phase={name}": n for name, n in (("new", 1), ("active", 2), ("waiting", 1), ("done", 1))
    }
    for address, number in cards.items():
        told = irina.get(address).json()
        assert told["pagination"]["total"] == len(told["requests"]) == number
        assert {it["phase"] for it in told["requests"]} == {address.partition("=")[2]}
        assert len(page(irina, address).all(lambda it: it.tag == "td" and "list-subject" in it.classes)) == number
    assert sum(cards.values()) == irina.get("/requests").json()["pagination"]["total"] == 5
    (current,) = page(irina, "/requests?phase=new").all(lambda it: it.get("aria-current") == "true")
    assert current["href"] == "/requests", "the present card leads back to all"
    assert "Чужая" not in whole.text and "5 requests, the last changed first" in whole.text


def test_the_list_is_searched_and_paged(irina: Client, embedded: EmbeddedWorld) -> None:
    for number in range(3):
        embedded.new_task(f"Монитор {number}")
    embedded.new_task("Клавиатура", status="closed")
    assert [it["subject"] for it in irina.get("/requests?search=КЛАВИАТУРА").json()["requests"]] == ["Клавиатура"]
    first, second = (irina.get(f"/requests?search=монитор&per_page=2&page={it}").json() for it in (1, 2))
    assert [len(it["requests"]) for it in (first, second)] == [2, 1] and first["pagination"]["pages"] == 2
    assert "page=2" in irina.get("/requests?search=монитор&per_page=2", headers=HTML).text
    closed = irina.get("/requests?search=монитор&phase=done").json()
    assert closed["pagination"]["total"] == closed["summary"]["done"] == 0 and closed["summary"]["new"] == 3
    nothing = page(irina, "/requests?search=телефон")
    assert "No request matches" in nothing.text and nothing.of_class("request-find")
    assert irina.get("/requests?phase=nonsense").status_code == 422


def test_whoever_has_asked_for_nothing_is_shown_how_to(visit: Visit) -> None:
    whole = page(visit("stranger"), "/requests")
    assert "You have not asked for anything yet" in whole.text
    assert not whole.all(lambda it: it.tag in ("table", "ol") and "list" in it.classes)


def test_the_activity_names_what_others_did_in_public(irina: Client, embedded: EmbeddedWorld, mine: int) -> None:
    tell(embedded, mine, SECRET, private=True)
    tell(embedded, mine, "Заменили катушку.")
    news = page(irina, "/requests").of_class("request-news")[0].text
    assert "Заменили катушку." in news and SECRET not in news
    (told,) = irina.get("/requests").json()["activity"]
    assert (told["id"], told["author"], told["comment"]) == (mine, "Анна Смирнова", "Заменили катушку.")


def test_a_list_does_not_wait_for_the_activity(
    irina: Client, services: Services, monkeypatch: pytest.MonkeyPatch, mine: int
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(index, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(type(services.requests), "activity", never)
    assert "has not answered in time" in page(irina, "/requests").of_class("request-news")[0].text
    told = irina.get("/requests").json()
    assert [it["id"] for it in told["requests"]] == [mine] and told["activity"] is None


# One request


def test_a_request_shows_public_comments_and_files_alone(irina: Client, embedded: EmbeddedWorld, mine: int) -> None:
    tell(embedded, mine, SECRET, private=True)
    tell(embedded, mine, "Смотрим")
    file = attached(embedded, mine, b"x", "план.txt")
    answer = irina.get(f"/requests/{mine}", headers=HTML)
    assert SECRET not in answer.text and "<em>Замятие</em>" in answer.text
    assert f'href="/requests/{mine}/files/{file}"' in answer.text and f"/tasks/{mine}" not in answer.text
    found = irina.get(f"/requests/{mine}/files/{file}")
    assert found.content == b"x" and found.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert found.headers["content-disposition"].startswith("attachment")
    told = irina.get(f"/requests/{mine}").json()
    assert SECRET not in str(told) and [it["filename"] for it in told["attachments"]] == ["план.txt"]


def test_nobody_else_finds_a_request_nor_its_files(visit: Visit, embedded: EmbeddedWorld, mine: int) -> None:
    file = attached(embedded, mine, b"x", "план.png", "image/png")
    for login in ("stranger", "boris", "admin"):
        client, one = visit(login), f"/requests/{mine}"
        for address in (
            "",
            "/changed",
            "/texts/0",
            f"/files/{file}",
            f"/files/{file}/thumbnail",
            f"/files/{file}/view",
        ):
            headers = HTMX if address == "/changed" else {}
            assert client.get(one + address, headers=headers).status_code == 404, (login, address)
        assert client.post(one, json={"comment": "Моё"}).status_code == 404
        assert client.post(one, files={"files": ("a.txt", b"x")}, data={"comment": "Моё"}).status_code == 404
        assert client.post(one + "/solved", json={"grade": 1}).status_code == 404
    assert notes(visit("anna"), mine)[-1] == ""


def test_a_page_hears_of_news_and_shows_them(irina: Client, embedded: EmbeddedWorld, mine: int) -> None:
    version = hidden(irina.get(f"/requests/{mine}", headers=HTML).text, "lock_version")
    news = f"/requests/{mine}/changed"
    assert irina.get(f"{news}?since={version}", headers=HTMX).status_code == 204
    tell(embedded, mine, "Заменили катушку.")
    notice = irina.get(f"{news}?since={version}", headers=HTMX).text
    assert "News from Анна Смирнова" in notice and "Заменили" not in notice
    assert "Заменили катушку." in irina.get(f"{news}?show=1", headers=HTMX).text
    assert irina.get(news, headers=HTML).headers["location"] == f"/requests/{mine}"


def test_what_staff_do_among_themselves_is_no_news(irina: Client, embedded: EmbeddedWorld, mine: int) -> None:
    tell(embedded, mine, "Смотрим")
    whole = irina.get(f"/requests/{mine}", headers=HTML).text
    last = re.findall(r'<li class="task-entry[^"]*" id="entry-(\d+)"', whole)[-1]
    news = f"/requests/{mine}/changed?since={hidden(whole, 'lock_version')}&entry={last}"
    tell(embedded, mine, SECRET, private=True)
    assert irina.get(news, headers=HTMX).status_code == 204
    asyncio.run(embedded.backend.change(embedded.actor("anna"), mine, Edit({"priority": PRIORITY_IDS["urgent"]})))
    assert irina.get(news, headers=HTMX).status_code == 204
    asyncio.run(embedded.backend.change(embedded.actor("admin"), mine, Edit({"assignee": PEOPLE_IDS["boris"]})))
    silent = irina.get(news, headers=HTMX).text
    assert "News" not in silent and "Борис" in silent and f'id="state-{mine}"' in silent


def test_pictures_of_a_text_are_those_of_the_request(irina: Client, embedded: EmbeddedWorld, mine: int) -> None:
    file = attached(embedded, mine, b"x", "снимок.png", "image/png")
    tell(embedded, mine, "![](снимок.png) и #5")
    text = irina.get(f"/requests/{mine}", headers=HTML).text
    assert f'src="/requests/{mine}/files/{file}/thumbnail"' in text and 'href="/requests/5"' in text
    assert f"/tasks/{mine}" not in text


def test_a_request_with_an_unread_notification_is_marked(irina: Client, database: Database, mine: int) -> None:
    notify(database, "irina", mine)
    (row,) = page(irina, "/requests").of_class("list-news")
    assert "Не печатает принтер" in row.text and "unread" in row.text
    page(irina, f"/requests/{mine}")
    assert page(irina, "/requests").of_class("list-news") == []


def test_a_long_text_is_read_to_its_end(irina: Client, services: Services, mine: int) -> None:
    long = sa.update(Task).where(Task.id == mine).values(description="слово\n\n" * 20_000 + "Конец.")  # type: ignore[arg-type]
    services.database.run_here(lambda db: db.execute(long), writes=True)
    whole = irina.get(f"/requests/{mine}", headers=HTML).text
    more = re.search(rf'href="(/requests/{mine}/texts/0)"', whole)
    assert more and "Конец." not in whole
    part = irina.get(f"{more[1]}?from=1").json()
    while part["next"] is not None:
        part = irina.get(f"{more[1]}?from={part['next']}").json()
    assert "Конец." in part["html"] and f'href="/requests/{mine}"' in irina.get(more[1], headers=HTML).text


# An answer


def test_an_answer_is_added_once_in_each_face(irina: Client, visit: Visit, services: Services, mine: int) -> None:
    form = {"comment": "Ещё не печатает", "idempotency_key": "once", "typed_by": mark("irina")}
    for _ in range(2):
        answer = irina.post(f"/requests/{mine}", data=form, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/requests/{mine}")
    assert notes(visit("anna"), mine).count("Ещё не печатает") == 1 and ("task_changed", mine) in acts(services)
    fragment = irina.post(f"/requests/{mine}", data={"comment": "Совсем"}, headers=HTMX).text
    assert "Your answer was added." in fragment and "Совсем" in fragment and "<html" not in fragment
    told = irina.post(f"/requests/{mine}", json={"comment": "Никак"})
    assert told.status_code == 201 and told.json()["history"][-1]["notes"] == "Никак"
    assert notes(visit("anna"), mine)[-3:] == ["Ещё не печатает", "Совсем", "Никак"]


def test_an_answer_reopens_what_waits_and_says_so_before(
    irina: Client, services: Services, embedded: EmbeddedWorld
) -> None:
    let_requesters(services, ("waiting", "in_progress"))
    number = embedded.new_task(status="waiting")
    assert "The request goes on then: “in_progress”" in page(irina, f"/requests/{number}").text
    told = irina.post(f"/requests/{number}", json={"comment": "Вот номер"}).json()
    assert (told["status"]["name"], told["phase"], told["reopens"]) == ("in_progress", "active", None)


def test_a_refused_answer_keeps_its_text_and_its_files(irina: Client, mine: int) -> None:
    files = [("files", ("план.txt", b"x"))]
    refused = irina.post(f"/requests/{mine}", data={"comment": " "}, files=files, headers=HTML)
    assert refused.status_code == 422 and len(seals(refused.text)) == 1
    form = {"comment": "Вот план", "staged": seals(refused.text)}
    assert irina.post(f"/requests/{mine}", data=form, headers=HTML).status_code == 303
    assert [it["filename"] for it in irina.get(f"/requests/{mine}").json()["attachments"]] == ["план.txt"]


def test_a_draft_of_an_answer_is_kept_shown_and_discarded(irina: Client, services: Services, mine: int) -> None:
    place, form = f"request:{mine}:show", {"comment": TEXT, "typed_by": mark("irina")}
    irina.put(f"/drafts/{place}", data=form)
    whole = irina.get(f"/requests/{mine}", headers=HTML).text
    assert SHOWN in whole and "not sent" in whole
    gone = irina.post(f"/drafts/{place}/discard", data={"typed_by": mark("irina")}, headers=HTML)
    assert gone.headers["location"] == f"/requests/{mine}" and kept(services.database, "irina") == {}
    irina.put(f"/drafts/{place}", data=form)
    irina.post(f"/requests/{mine}", json={"comment": TEXT})
    assert "not sent" not in page(irina, f"/requests/{mine}").text, "a draft whose answer was lost, but was sent"
    alone = irina.get(f"/requests/{mine}", headers=HTMX).text
    assert alone.lstrip().startswith("<form") and TEXT not in alone


def test_an_answer_goes_through_the_sign_in_page(irina: Client, visit: Visit, mine: int) -> None:
    form, visitor = {"comment": TEXT, "typed_by": mark("irina")}, visit()
    asked = visitor.post(
        f"/requests/{mine}", data=form, headers=HTML | {"Referer": f"http://testserver/requests/{mine}"}
    )
    assert asked.status_code == 401
    who = {"username": "irina", "password": PASSWORDS["irina"], "carried": hidden(asked.text, "carried")}
    assert visitor.post("/users/login", data=who, headers=HTML).status_code == 303
    assert SHOWN in visitor.get(f"/requests/{mine}", headers=HTML).text


def test_a_word_of_thanks_goes_through_the_sign_in_page(irina: Client, visit: Visit, embedded: EmbeddedWorld) -> None:
    number, visitor = embedded.new_task(status="closed"), visit()
    form = {"grade": "2", "word": "Долго ждала", "typed_by": mark("irina")}
    asked = visitor.post(f"/requests/{number}/solved", data=form, headers=HTML)
    who = {"username": "irina", "password": PASSWORDS["irina"], "carried": hidden(asked.text, "carried")}
    assert asked.status_code == 401 and visitor.post("/users/login", data=who, headers=HTML).status_code == 303
    again = visitor.get(f"/requests/{number}", headers=HTML).text
    assert 'value="Долго ждала"' in again and re.search(r'value="2"[^>]* checked', again)
    visitor.post(f"/requests/{number}/solved", data=form, headers=HTML)
    assert visitor.get(f"/requests/{number}").json()["grade"]["word"] == "Долго ждала"


# Thanks


def test_a_request_is_solved_with_a_grade(irina: Client, services: Services, mine: int) -> None:
    let_requesters(services, ("in_progress", "closed"))
    assert "Solved, thank you" in page(irina, f"/requests/{mine}").text
    thanks = irina.post(f"/requests/{mine}/solved", data={"grade": "5", "word": "Быстро!"}, headers=HTML)
    assert thanks.headers["location"] == f"/requests/{mine}"
    solved = page(irina, f"/requests/{mine}")
    assert "Your grade: 5, excellent." in solved.text and "Быстро!" in solved.text and "closed" in solved.text
    told = irina.get(f"/requests/{mine}").json()
    assert (told["phase"], told["grade"]["grade"], told["grade"]["word"]) == ("done", 5, "Быстро!")
    assert ("request_solved", mine) in acts(services)
    assert irina.get(f"/requests/{mine}/solved", headers=HTML).headers["location"] == f"/requests/{mine}"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"grade": "6"}, "grade"),
        ({"grade": "0"}, "grade"),
        ({"word": "Хорошо"}, "grade"),
        ({"grade": "5", "word": "х" * 501}, "word"),
    ],
)
def test_wrong_thanks_are_refused_and_stay_in_the_form(
    irina: Client, services: Services, mine: int, form: dict[str, str], field: str
) -> None:
    let_requesters(services, ("in_progress", "closed"))
    for headers in (HTML, HTMX):
        refused = irina.post(f"/requests/{mine}/solved", data=form, headers=headers)
        assert refused.status_code == 422 and form.get("word", "") in refused.text
    assert list(irina.post(f"/requests/{mine}/solved", json=form).json()["errors"]) == [field]
    assert irina.get(f"/requests/{mine}").json()["grade"] is None


def test_thanks_are_offered_again_after_a_request_was_opened_again(
    irina: Client, embedded: EmbeddedWorld, services: Services
) -> None:
    let_requesters(services, ("resolved", "closed"))
    number = embedded.new_task(status="resolved")
    irina.post(f"/requests/{number}/solved", data={"grade": "5"}, headers=HTML)
    reopen = sa.update(Task).where(Task.id == number).values(status_id=STATUS_IDS["resolved"])  # type: ignore[arg-type]
    services.database.run_here(lambda db: db.execute(reopen), writes=True)
    again = page(irina, f"/requests/{number}").text
    assert "Your grade: 5, excellent." in again and "Solved, thank you" in again
    solved = irina.post(f"/requests/{number}/solved", json={"grade": 2}).json()
    assert (solved["phase"], solved["grade"]["grade"]) == ("done", 2)


def test_a_closed_request_may_still_be_graded(irina: Client, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(status="closed")
    assert "Send the grade" in page(irina, f"/requests/{number}").text
    fragment = irina.post(f"/requests/{number}/solved", data={"grade": "4"}, headers=HTMX).text
    assert "Your grade: 4, good." in fragment


# A new one


def test_a_request_is_made_where_its_category_leads(irina: Client, services: Services, embedded: EmbeddedWorld) -> None:
    def work(db: Session) -> None:
        for place, name in enumerate(("Доступ", "Техника")):
            db.add(RequestCategory(name=name, hint="Всякое", project_id=PROJECT_IDS["office"], position=place))

    services.database.run_here(work, writes=True)
    whole = page(irina, "/requests/new")
    first, second = (int(it["value"]) for it in whole.all(lambda it: it.get("name") == "category_id"))
    form = {
        "subject": "Нет доступа",
        "description": "К папке отдела",
        "category_id": str(second),
        "idempotency_key": "k",
    }
    sent = [irina.post("/requests/new", data=form, headers=HTML) for _ in range(2)]
    assert sent[0].status_code == 303 and sent[0].headers["location"] == sent[1].headers["location"]
    number = int(sent[0].headers["location"].rpartition("/")[2])
    task = asyncio.run(embedded.backend.task(embedded.actor("anna"), number))
    assert (task.row.project.id, task.row.author and task.row.author.id) == (PROJECT_IDS["office"], PEOPLE_IDS["irina"])
    assert ("task_created", number) in acts(services)
    told = irina.post("/requests/new", json={"subject": "Ещё", "description": "Текст", "category_id": first})
    assert told.status_code == 201 and told.json()["data"]["subject"] == "Ещё"


def test_a_refused_request_keeps_what_was_typed_and_sent(irina: Client, services: Services) -> None:
    form = {"subject": " ", "description": TEXT, "typed_by": mark("irina")}
    refused = irina.post("/requests/new", data=form, files=[("files", ("план.txt", b"x"))], headers=HTML)
    assert refused.status_code == 422 and SHOWN in refused.text and len(seals(refused.text)) == 1
    assert "Please choose what it is about." in refused.text and "Please fill this in." in refused.text
    assert kept(services.database, "irina")["requests:new"]["description"] == TEXT
    assert SHOWN in irina.get("/requests/new", headers=HTML).text
    assert set(irina.post("/requests/new", json={}).json()["errors"]) == {"subject", "description", "category_id"}


def test_nothing_can_be_asked_for_where_no_category_is(visit: Visit) -> None:
    stranger = visit("stranger")
    assert "can't be created here yet" in page(stranger, "/requests/new").text
    assert stranger.get("/requests/new").json()["categories"] == []
    assert (
        stranger.post("/requests/new", json={"subject": "a", "description": "b", "category_id": 1}).status_code == 422
    )


def test_similar_requests_are_named_while_the_subject_is_typed(irina: Client, visit: Visit, mine: int) -> None:
    found = irina.get("/requests/new/similar?subject=принтер не печатает", headers=HTMX).text
    assert f'href="/requests/{mine}"' in found
    assert "request-similar" not in irina.get("/requests/new/similar?subject=не", headers=HTMX).text
    assert "request-similar" not in visit("boris").get("/requests/new/similar?subject=принтер", headers=HTMX).text


# People whom the task system does not know, and staff


def test_whoever_has_no_identity_in_the_task_system_follows_requests(visit: Visit, irina: Client, mine: int) -> None:
    """The stand-in refuses everybody: an account of the ERP without a user of Redmine."""

    def refuse(signed_in: SignedIn) -> NoReturn:
        raise NotAllowed

    client = visit("irina")
    app = client.app.app.state  # type: ignore[attr-defined]  # Edge's
    app.services = replace(app.services, identify=refuse)
    start = page(client, "/")
    assert "How can we help?" in start.text and start.one(lambda it: it.get("href") == "/requests/new")
    assert page(client, "/requests").of_class("request-cards") and client.get("/requests/new").status_code == 200
    assert "Не печатает принтер" in start.text and page(client, f"/requests/{mine}").of_class("phase-active")
    assert client.post(f"/requests/{mine}", data={"comment": "Ещё"}, headers=HTML).status_code == 303
    assert client.get(f"/requests/{mine}/changed?since=0", headers=HTMX).status_code == 200


def test_staff_see_who_asked_and_how_to_reach_them(visit: Visit, services: Services, number: int) -> None:
    values = {"phone": "+7 495 12", "office": "412", "department": "Бухгалтерия"}
    change = sa.update(Person).where(Person.id == PEOPLE_IDS["irina"]).values(**values)  # type: ignore[arg-type]
    services.database.run_here(lambda db: db.execute(change), writes=True)
    given = tables.RequestGrade(
        task_id=number, person_id=PEOPLE_IDS["irina"], grade=2, word="Долго", given_at=services.clock()
    )
    services.database.run_here(lambda db: db.add(given), writes=True)
    shown = page(visit("anna"), f"/tasks/{number}").text
    assert "Who asked" in shown and "+7 495 12" in shown and "room 412" in shown
    assert "Grade: 2 of 5" in shown and "Долго" in shown
    assert "Who asked" not in page(visit("irina"), f"/tasks/{number}").text


def test_a_task_is_shown_without_who_asked_when_that_can_not_be_found_out(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, services: Services, number: int
) -> None:
    async def down(self: object, task_ids: object) -> NoReturn:
        raise Unavailable

    monkeypatch.setattr(type(services.requests), "asked_by", down)
    assert "Who asked" not in page(visit("anna"), f"/tasks/{number}").text


def test_the_own_answer_is_not_lost_in_a_change_elsewhere(irina: Client, embedded: EmbeddedWorld, mine: int) -> None:
    """Two people write at once: both comments are there."""
    asyncio.run(
        embedded.backend.change(embedded.actor("anna"), mine, Edit({"status": STATUS_IDS["waiting"]}, "Ответьте"))
    )
    irina.post(f"/requests/{mine}", json={"comment": "Отвечаю"})
    assert [it["notes"] for it in irina.get(f"/requests/{mine}").json()["history"]][-2:] == ["Ответьте", "Отвечаю"]
