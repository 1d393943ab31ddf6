"""The facts, links and files on a task's page, and watching, editing comments, previews and deleting there."""

import re

import pytest
from sqlmodel import Session

from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.test_drafts import kept, mark
from tests.world import FIELD_IDS, NAMES, EmbeddedWorld

HOSTILE = "</textarea><script>alert(1)</script> **жирно**"
KINDS = ["relates", "duplicates", "blocks", "precedes", "copied_to"]


def facts(page: str) -> dict[str, str]:
    """What the facts of a page say, without markup."""
    facts = page.split('<div class="task-facts"')[1].split("<section")[0]
    found = re.findall(r"<dt>(.*?)(?:</dt>)?<dd[^>]*>(.*?)(?:</dd>|</div>|$)", facts, re.DOTALL)
    return {term: re.sub(r"<[^>]*>", "", text).strip() for term, text in found}


def commented(visit: Visit, number: int, login: str = "anna", **more: object) -> int:
    answer = visit(login).post(f"/tasks/api/task/{number}/comments", json={"comment": "опечатка", **more})
    entry: int = answer.json()["comment"]["id"]
    return entry


# Facts and links


def test_the_facts_tell_all_that_is_known_and_only_that(anna: Client, number: int, embedded: EmbeddedWorld) -> None:
    controls = {"Status", "Priority", "Assignee", "Due date"}
    assert set(facts(anna.get(f"/tasks/{number}", headers=HTML).text)) == {*controls, "Changed"}
    embedded.spend(number, 1.25)
    anna.put(f"/tasks/api/task/{number}/watch")
    values = {"Кабинет": "<b>214</b>", "Согласовано": "0", "Дата замены": "2026-12-01"}
    custom = [{"id": FIELD_IDS[name], "value": value} for name, value in values.items()]
    body = {"estimated_hours": 2.5, "done_ratio": 40, "custom_fields": custom}
    assert anna.put(f"/tasks/api/task/{number}", json=body).status_code == 200
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    told = facts(page)
    assert (told["Estimated"], told["Spent"], told["Progress"]) == ("2.5 h", "1.25 h", "40 %")
    assert (told["Кабинет"], told["Согласовано"], told["Дата замены"]) == ("&lt;b&gt;214&lt;/b&gt;", "no", "01.12.2026")
    assert told["Watchers"] == f"1: {NAMES['anna']}" and "Способ связи" not in told
    russian = anna.get(f"/tasks/{number}", headers=HTML | {"Accept-Language": "ru"}).text
    assert facts(russian)["Оценка"] == "2,5 ч"


@pytest.mark.parametrize(
    ("value", "linked"), [("https://x.test/?a=1&b", True), ("javascript:alert(1)", False), ("//x.test", False)]
)
def test_only_a_web_address_becomes_a_link(visit: Visit, embedded: EmbeddedWorld, value: str, linked: bool) -> None:
    number, anna, field = embedded.new_task(), visit("anna"), FIELD_IDS["Кабинет"]

    def make_link(session: Session) -> None:
        session.get_one(tables.CustomField, field).kind = "link"

    embedded.database.run_here(make_link, writes=True)
    anna.put(f"/tasks/api/task/{number}", json={"custom_fields": [{"id": field, "value": value}]})
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    assert value.replace("&", "&amp;") in page and ('rel="noopener noreferrer"' in page) is linked


def test_linked_tasks_are_shown_with_their_status_as_far_as_they_are_visible(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    whole = embedded.new_task("Переезд <b>", author="anna")
    number = embedded.new_task(parent=whole)
    embedded.new_task("Упаковать", parent=number, status="resolved")
    for kind in KINDS:
        embedded.relate(number, embedded.new_task(f"Связь {kind}"), kind)
    page = visit("anna").get(f"/tasks/{number}", headers=HTML).text
    links = page.split('<section class="task-links"')[1].split("</section>")[0]
    told = [re.sub(r"<[^>]*>", "", each).strip() for each in re.findall(r"<li>(.*?)</li>", links, re.DOTALL)]
    assert told[0] == f"Part of #{whole} Переезд &lt;b&gt; new" and told[1].startswith("Sub-task #")
    assert told[1].endswith("Упаковать resolved")
    words = {each.split(" #")[0] for each in told[2:]}
    assert words == {"Related to", "Duplicates", "Blocks", "Precedes", "Copied to"}
    hers = visit("irina").get(f"/tasks/{number}", headers=HTML).text
    assert "Переезд" not in hers and "Упаковать" in hers
    assert "Linked tasks" not in visit("anna").get(f"/tasks/{embedded.new_task()}", headers=HTML).text


# Watching


def test_watching_is_begun_and_ended_by_one_button(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), visit("irina")
    address = f"/tasks/{number}/watch"
    for watching, press, toast in (("1", "Stop watching", "You watch this task."), ("0", "Watch", "You do not watch")):
        answer = irina.post(address, data={"watching": watching}, headers=HTMX)
        assert answer.status_code == 200 and answer.text.lstrip().startswith(f'<form id="watch-{number}"')
        assert f">{press}</button>" in answer.text and toast in answer.text
        assert (f"1: {NAMES['irina']}" in answer.text) is (watching == "1")
    answer = irina.post(address, data={"watching": "1"}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
    assert ">Stop watching</button>" in irina.get(f"/tasks/{number}", headers=HTML).text
    assert irina.post(address, data={"watching": "0"}).json()["watched"] is False
    assert visit("stranger").post(address, data={"watching": "1"}, headers=HTML).status_code == 404


# Comments edited


def test_a_comment_is_edited_in_place_and_on_a_page(anna: Client, number: int, visit: Visit) -> None:
    entry = commented(visit, number, private=True)
    address = f"/tasks/{number}/comments/{entry}"
    assert f'href="{address}"' in anna.get(f"/tasks/{number}", headers=HTML).text
    page, fragment = (anna.get(address, headers=headers).text for headers in (HTML, HTMX))
    assert "<html" in page and fragment.lstrip().startswith(f'<li class="task-entry inside" id="entry-{entry}"')
    for shown in (page, fragment):
        assert re.search(r'name="comment"[^>]*>\nопечатка</textarea>', shown)
    edited = anna.post(address, data={"comment": HOSTILE, "private": "0"}, headers=HTMX).text
    assert edited.lstrip().startswith(f'<li class="task-entry inside" id="entry-{entry}"')
    assert "<strong>жирно</strong>" in edited and "<script>alert" not in edited and "The comment was changed." in edited
    answer = anna.post(address, data={"comment": "слово"}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}#entry-{entry}")
    (told,) = anna.get(f"/tasks/api/task/{number}/history").json()["history"]
    assert (told["notes"], told["private"]) == ("слово", True)
    left = anna.get(f"{address}?view=entry", headers=HTMX).text
    assert left.lstrip().startswith('<li class="task-entry inside"') and "<form" not in left
    assert anna.get(address).json()["comment"]["notes"] == "слово"


@pytest.mark.parametrize("form", [{"comment": " \n"}, {"comment": "опечатка", "delete": "1"}])
def test_a_comment_is_taken_away_by_its_button_or_by_emptying_it(
    anna: Client, number: int, visit: Visit, form: dict[str, str]
) -> None:
    for headers in (HTML, HTMX):
        entry = commented(visit, number)
        answer = anna.post(f"/tasks/{number}/comments/{entry}", data=form, headers=headers)
        assert answer.status_code == (200 if headers is HTMX else 303)
        assert "task-entry" not in answer.text
        assert anna.get(f"/tasks/{number}/comments/{entry}", headers=headers).status_code == 404
    assert "The comment was deleted." in answer.text


def test_only_own_comments_can_be_edited(number: int, visit: Visit) -> None:
    entry = commented(visit, number)
    address = f"/tasks/{number}/comments/{entry}"
    for login, status in (("boris", 403), ("irina", 403), ("stranger", 404)):
        assert address not in visit(login).get(f"/tasks/{number}", headers=HTML).text
        assert visit(login).get(address, headers=HTML).status_code == status
        assert visit(login).post(address, data={"comment": "чужое"}, headers=HTMX).status_code == status
    assert address in visit("admin").get(f"/tasks/{number}", headers=HTML).text
    assert visit("anna").get(f"/tasks/{number + 1}/comments/{entry}", headers=HTML).status_code == 404
    assert visit("anna").get(f"/tasks/{number}/comments/99999999999", headers=HTML).status_code == 404


def test_the_same_text_is_no_error_and_a_second_press_neither(anna: Client, number: int, visit: Visit) -> None:
    address = f"/tasks/{number}/comments/{commented(visit, number)}"
    assert anna.post(address, data={"comment": "опечатка"}, headers=HTML).status_code == 303
    assert anna.post(address, json={"comment": "опечатка"}).json()["error"] == "unchanged"
    form = {"delete": "1", "idempotency_key": "k"}
    assert [anna.post(address, data=form, headers=HTML).status_code for _ in range(2)] == [303, 303]


def test_a_refused_edit_of_a_comment_becomes_a_draft(
    anna: Client, number: int, visit: Visit, database: Database
) -> None:
    entry = commented(visit, number)
    address, place = f"/tasks/{number}/comments/{entry}", f"task:{number}:entry:{entry}"
    for headers in (HTML, HTMX):
        answer = anna.post(address, data={"comment": "bad\0"}, headers=headers)
        assert answer.status_code == 422 and f'aria-describedby="mend-{entry}-fault"' in answer.text
    draft = {"comment": "Длинная поправка", "typed_by": mark("anna")}
    assert anna.put(f"/drafts/{place}", data=draft).json()["kept"] and list(kept(database)) == [place]
    assert "a draft is not sent" in anna.get(f"/tasks/{number}", headers=HTML).text
    assert ">\nДлинная поправка</textarea>" in anna.get(address, headers=HTMX).text
    assert anna.post(f"/drafts/{place}/discard", data=draft, headers=HTMX).headers["location"] == address
    assert kept(database) == {}
    anna.put(f"/drafts/{place}", data=draft)
    anna.post(address, data=draft, headers=HTMX)
    assert kept(database) == {}
    page = visit().post(address, data=draft, headers=HTML).text
    assert ">Длинная поправка</textarea>" in page and 'name="carried" value=""' not in page


# Preview


def test_a_text_is_shown_as_it_will_look_and_nothing_is_written(
    visit: Visit, embedded: EmbeddedWorld, database: Database
) -> None:
    number, anna = embedded.new_task(description="было"), visit("anna")
    entry = commented(visit, number)
    look = f"/tasks/{number}/preview?of="
    for of, field in (("comments", "comment"), ("edit", "description"), (str(entry), "comment")):
        form = {field: HOSTILE, "subject": "Набранная тема", "private": "1", "typed_by": mark("anna")}
        fragment = anna.post(look + of, data=form, headers=HTMX)
        assert fragment.status_code == 200 and "<strong>жирно</strong>" in fragment.text
        assert "<script>alert" not in fragment.text and "<form" not in fragment.text
        page = anna.post(look + of, data=form, headers=HTML)
        assert page.status_code == 200 and "<strong>жирно</strong>" in page.text and "<script>alert" not in page.text
        assert re.search(rf'name="{field}"[^>]*>\s*&lt;/textarea&gt;', page.text)
        assert of != "edit" or 'value="Набранная тема"' in page.text
        assert of != "comments" or re.search(r'name="private"[^>]* checked', page.text)
        assert "жирно" in anna.post(look + of, json=form).json()["html"]
    task = anna.get(f"/tasks/api/task/{number}").json()
    assert task["description"] == "было" and kept(database) == {}
    assert len(anna.get(f"/tasks/api/task/{number}/history").json()["history"]) == 1


def test_a_preview_needs_a_visible_task_and_an_existing_form(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("Тайна")
    for login, of, headers, status in (
        ("stranger", "comments", HTMX, 404),
        ("stranger", "comments", HTML, 404),
        ("irina", "edit", HTML, 403),
        ("anna", "nonsense", HTML, 404),
        ("anna", "99", HTML, 404),
        ("anna", "٣", HTML, 404),
    ):
        answer = visit(login).post(f"/tasks/{number}/preview?of={of}", data={"comment": "x"}, headers=headers)
        assert answer.status_code == status
    foreign = {"Origin": "https://evil.test"}
    assert visit("anna").post(f"/tasks/{number}/preview", data={"comment": "x"}, headers=foreign).status_code == 403
    for address in ("preview", "watch"):
        assert visit("anna").get(f"/tasks/{number}/{address}", headers=HTML).headers["location"] == f"/tasks/{number}"


# Deleting


def test_a_task_is_deleted_after_a_question(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, admin = embedded.new_task("Стул"), visit("admin")
    address = f"/tasks/{number}/delete"
    assert f'href="{address}"' in admin.get(f"/tasks/{number}", headers=HTML).text
    question = admin.get(address, headers=HTML).text
    assert "Стул" in question and f'<form method="post" action="{address}">' in question
    answers = [admin.post(address, data={"idempotency_key": "k"}, headers=HTML) for _ in range(2)]
    assert {(it.status_code, it.headers["location"]) for it in answers} == {(303, "/tasks/my-tasks")}
    assert admin.get(f"/tasks/{number}", headers=HTML).status_code == 404


def test_without_the_right_to_delete_nothing_is_offered_or_deleted(number: int, visit: Visit) -> None:
    for login, status in (("anna", 403), ("irina", 403), ("stranger", 404)):
        client = visit(login)
        assert f"/tasks/{number}/delete" not in client.get(f"/tasks/{number}", headers=HTML).text
        for method in ("GET", "POST"):
            assert client.request(method, f"/tasks/{number}/delete", headers=HTML).status_code == status
    assert visit("anna").get(f"/tasks/{number}", headers=HTML).status_code == 200
    assert visit("admin").post(f"/tasks/{number}/delete").json()["message"] == "The task was deleted."


def test_the_link_to_copy_is_there_without_scripts_too(number: int, visit: Visit) -> None:
    page = visit("anna").get(f"/tasks/{number}", headers=HTML).text
    assert re.search(rf'<button[^>]* data-copy="/tasks/{number}"[^>]* hidden>', page)
    assert f'<a href="/tasks/{number}">#{number}</a>' in page
