"""Whom a comment can mention: those who see the task and are notified of it, and only people whom one may know."""

import asyncio
import re
from collections.abc import Mapping

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import Unavailable, WrongKey
from helpdesk.services import Services
from helpdesk.store import people
from helpdesk.store.models import tables
from helpdesk.tasks.model import Actor
from helpdesk.web.people import colleagues
from helpdesk.web.people.mentions import MOST_ASKED, MOST_LISTED, MOST_OFFERED
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import NAMES, PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld

EVERYBODY = " ".join(f"@{login}" for login in NAMES)


def offered(client: Client, number: int, words: str = "", **query: object) -> list[str]:
    answer = client.get(f"/tasks/{number}/mentions", params={"q": words, **query})
    assert answer.status_code == 200, answer.text
    return [it["login"] for it in answer.json()["people"]]


def hire(world: EmbeddedWorld, login: str, name: str, role: int = 1) -> int:
    """A new member of the project help."""

    def work(session: Session) -> int:
        person = people.add_local(session, login, name, f"{login}@example.test", "", is_admin=False)
        assert person.id
        session.add(tables.Membership(project_id=PROJECT_IDS["help"], person_id=person.id, role_id=role))
        return person.id

    return world.database.run_here(work, writes=True)


def test_people_who_see_the_task_are_offered_those_of_the_task_first(visit: Visit, number: int) -> None:
    anna = visit("anna")
    assert offered(anna, number) == ["irina", "boris"], "irina asked for it; nobody mentions herself"
    visit("boris").post(f"/tasks/api/task/{number}/comments", json={"comment": "Смотрю."}).raise_for_status()
    assert offered(anna, number) == ["boris", "irina"], "who spoke last comes first"
    assert offered(visit("irina"), number) == ["boris", "anna"]


def test_they_are_found_by_the_beginnings_of_names_and_logins(
    anna: Client, number: int, embedded: EmbeddedWorld
) -> None:
    hire(embedded, "a.petrova", "Алёна Петрова")
    for words in ("Кузн", "бОРИС", "boris", "bo", "кузнецов бор"):
        assert offered(anna, number, words) == ["boris"], words
    for words in ("алена", "АЛЁНА", "A.petr", "a.", "петрова ал"):
        assert offered(anna, number, words) == ["a.petrova"], words
    for words in ("знецов", "oris", "@", "%", "_", "я" * 500):
        assert offered(anna, number, words) == [], words


def test_an_internal_comment_offers_its_readers_alone(visit: Visit, number: int) -> None:
    anna, irina = visit("anna"), visit("irina")
    assert offered(anna, number, private=1) == ["boris"]
    assert offered(irina, number, private=1) == offered(irina, number), "who can't write one learns nothing of readers"


@pytest.mark.parametrize("private", [False, True])
def test_offered_are_those_whom_the_rules_notify(
    visit: Visit, services: Services, embedded: EmbeddedWorld, private: bool
) -> None:
    number = embedded.new_task(author="anna", assignee=None)
    anna = visit("anna")
    said = {"comment": EVERYBODY, "private": private}
    entry = anna.post(f"/tasks/api/task/{number}/comments", json=said).json()["comment"]["id"]
    event = asyncio.run(embedded.feed.event(number, entry))
    assert event
    notified = asyncio.run(services.suppression.of_events.account_ids(event, services.clock()))
    known = notified - {PEOPLE_IDS["admin"]}  # who sees it by right, but is no colleague of anna's
    assert {PEOPLE_IDS[login] for login in offered(anna, number, private=int(private))} == known


def test_nobody_is_offered_whom_one_may_not_know(visit: Visit, number: int) -> None:
    irina, admin = visit("irina"), visit("admin")
    assert offered(irina, number, "admin") == offered(irina, number, "stranger") == []
    admin.post(f"/tasks/api/task/{number}/comments", json={"comment": "Займусь."}).raise_for_status()
    assert offered(irina, number, "admin") == ["admin"], "now the task shows this person"
    assert "stranger" not in offered(admin, number)


@pytest.mark.parametrize("headers", [{}, HTML, HTMX], ids=["program", "page", "fragment"])
def test_a_task_that_is_not_for_somebody_offers_nobody(visit: Visit, number: int, headers: dict[str, str]) -> None:
    for client, status in ((visit("stranger"), 404), (visit(), 303 if headers == HTML else 401)):
        answer = client.get(f"/tasks/{number}/mentions?q=b", headers=headers)
        assert answer.status_code == status and "Кузнецов" not in answer.text
    assert visit("anna").get("/tasks/99999/mentions", headers=headers).status_code == 404


def test_a_person_who_may_not_comment_needs_no_mention(visit: Visit, embedded: EmbeddedWorld, number: int) -> None:
    mute = sa.update(tables.Role).where(sa.column("name") == "requester").values(permissions="create")
    embedded.database.run_here(lambda session: session.execute(mute), writes=True)
    assert visit("irina").get(f"/tasks/{number}/mentions").status_code == 403


def test_a_locked_account_is_not_offered(anna: Client, number: int, embedded: EmbeddedWorld) -> None:
    embedded.database.run_here(lambda session: people.disable(session, "boris"), writes=True)
    assert offered(anna, number) == ["irina"]


def test_a_login_that_no_mention_reaches_is_not_offered(anna: Client, number: int, embedded: EmbeddedWorld) -> None:
    hire(embedded, "ольга петрова", "Ольга Петрова")
    assert offered(anna, number, "ольга") == []


def test_no_more_are_offered_than_fit_and_the_page_says_that_there_are_more(
    anna: Client, number: int, embedded: EmbeddedWorld
) -> None:
    for index in range(MOST_LISTED + 2):
        hire(embedded, f"worker{index:02}", f"Работник {index:02}")
    assert offered(anna, number, "раб") == [f"worker{index:02}" for index in range(MOST_OFFERED)]
    fragment = anna.get(f"/tasks/{number}/mentions?q=раб", headers=HTMX).text
    assert fragment.count('role="option"') == MOST_OFFERED and "Found: 8" in fragment
    page = anna.get(f"/tasks/{number}/mentions?q=раб", headers=HTML).text
    assert page.count("<code>@worker") == MOST_LISTED and "There may be more people" in page
    assert "There may be more people" not in anna.get(f"/tasks/{number}/mentions?q=ирина", headers=HTML).text


def test_nobody_is_said_only_when_everybody_was_asked_and_the_next_question_asks_others(
    visit: Visit, number: int, embedded: EmbeddedWorld
) -> None:
    irina, found = visit("irina"), []
    for index in range(2 * MOST_ASKED):
        hire(embedded, f"worker{index:02}", f"Анисимов {index:02}", role=2)
    hire(embedded, "later", "Анисимова Вера")
    answer = irina.get(f"/tasks/{number}/mentions?q=анис", headers=HTMX).text
    assert 'data-found="There may be more people' in answer and 'role="option"' not in answer
    page = irina.get(f"/tasks/{number}/mentions?q=анис", headers=HTML).text
    assert "There may be more people" in page and "Nobody found" not in page
    for _ in range(4):
        found += offered(irina, number, "анис")
    assert "later" in found
    assert "Nobody found" in irina.get(f"/tasks/{number}/mentions?q=анисимов worker", headers=HTML).text
    assert "Nobody found" in irina.get(f"/tasks/{number}/mentions?q=worker", headers=HTML).text


def test_whose_login_was_typed_comes_first(visit: Visit, number: int, embedded: EmbeddedWorld) -> None:
    hire(embedded, "ann", "Яна Анина")
    hire(embedded, "ann.b", "Борис Анин")
    assert offered(visit("irina"), number, "ann") == ["ann", "anna", "ann.b"]


def test_logins_of_strangers_take_nobodys_place(
    anna: Client, number: int, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colleagues, "MOST_FOUND", 3)

    def work(session: Session) -> None:
        for index in range(3):
            people.add_local(session, f"bo{index}", f"Чужой {index}", f"bo{index}@example.test", "", is_admin=False)

    embedded.database.run_here(work, writes=True)
    assert offered(anna, number, "bo") == ["boris"]


def test_the_backend_is_asked_once_a_minute_and_again_when_the_task_changes(
    anna: Client, number: int, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, seen = [], services.backend.seen

    async def count(person: Actor, task_ids: tuple[int, ...]) -> Mapping[int, bool]:
        asked.append(person.login)
        return await seen(person, task_ids)

    monkeypatch.setattr(services.backend, "seen", count)
    assert offered(anna, number, "бор") == offered(anna, number, "бо") == ["boris"]
    assert asked == ["boris"]
    anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "Смотрю."}).raise_for_status()
    assert offered(anna, number, "бор") == ["boris"] and asked == ["boris", "boris"]


@pytest.mark.parametrize("error", [Unavailable, WrongKey])
def test_a_failure_as_one_colleague_leaves_the_others(
    anna: Client, number: int, services: Services, monkeypatch: pytest.MonkeyPatch, error: type[Unavailable]
) -> None:
    seen = services.backend.seen

    async def fail(person: Actor, task_ids: tuple[int, ...]) -> Mapping[int, bool]:
        if person.login == "boris":
            raise error
        return await seen(person, task_ids)

    monkeypatch.setattr(services.backend, "seen", fail)
    assert anna.get(f"/tasks/{number}/mentions").json()["has_more"] and offered(anna, number) == ["irina"]
    monkeypatch.setattr(services.backend, "seen", seen)
    assert offered(anna, number) == ["irina", "boris"], "a failure is not kept"


@pytest.mark.parametrize("slow", [False, True])
def test_people_of_the_task_are_offered_while_colleagues_cannot_be_read(
    anna: Client, number: int, services: Services, monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    async def fail(*_: object) -> None:
        if not slow:
            raise Unavailable
        await asyncio.sleep(60)

    monkeypatch.setattr(services.backend, "colleagues", fail)
    monkeypatch.setattr(colleagues, "WAIT_SECONDS", 0.01)
    answer = anna.get(f"/tasks/{number}/mentions").json()
    assert "irina" in [it["login"] for it in answer["people"]] and answer["has_more"]


def test_the_task_leads_to_the_page_and_the_page_escapes_what_was_typed(anna: Client, number: int) -> None:
    assert f'href="/tasks/{number}/mentions"' in anna.get(f"/tasks/{number}", headers=HTML).text
    page = anna.get(f"/tasks/{number}/mentions", params={"q": '"><b>', "private": "1"}, headers=HTML).text
    assert "Nobody found who sees this task." in page and "&gt;&lt;b&gt;" in page
    assert re.search(r'name="private" value="1" checked', page)
