"""Reply templates: personal and shared ones, their variables, and how they are inserted into a comment."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.store import reply_templates
from helpdesk.store.database import Database
from helpdesk.web.replies.variables import VARIABLES, filled, inserted
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import NAMES, EmbeddedWorld

HOSTILE = "</textarea><script>alert(1)</script>"
VALUES = st.dictionaries(
    st.sampled_from(sorted(VARIABLES)), st.text() | st.sampled_from(["{task}", "{0}", "{person.id}", "%s"])
)
PIECES = st.text() | st.text(alphabet="{}persontak.!0[]_%", max_size=12)


# The variables


@given(PIECES, VALUES, st.sampled_from(sorted(VARIABLES)), PIECES)
def test_a_variable_is_put_in_wherever_it_stands_and_nothing_else_changes(
    before: str, values: dict[str, str], name: str, after: str
) -> None:
    whole = filled(f"{before}{{{name}}}{after}", values)
    assert whole == filled(before, values) + values.get(name, f"{{{name}}}") + filled(after, values)


@given(st.text(), VALUES)
def test_a_text_without_a_known_variable_stays_as_it_was_typed(text: str, values: dict[str, str]) -> None:
    if not any(f"{{{name}}}" in text for name in values):
        assert filled(text, values) == text


TRICKS = [
    "{person.__class__}",
    "{person!r}",
    "{person:>9999999}",
    "{0}",
    "{}",
    "{{person}",
    "{unknown}",
    "{ person }",
    "%(person)s",
    "${person}",
]


@pytest.mark.parametrize("text", TRICKS)
def test_no_trick_of_format_strings_does_anything(text: str) -> None:
    assert filled(text, {"person": "Анна"}) == text.replace("{person}", "Анна")


@given(st.text(), st.text(), st.none() | st.integers(0, 50))
def test_inserting_a_reply_keeps_the_text_around_it(text: str, addition: str, at: int | None) -> None:
    result = inserted(text, addition, at)
    if at is not None and at <= len(text):
        assert result == text[:at] + addition + text[at:]
    else:
        assert result.startswith(text) and result.endswith(addition)
        assert result[len(text) : len(result) - len(addition)] in ("", "\n")


# The page


def add(visit: Visit, login: str, name: str = "Принято", text: str = "Взяли в работу.", **more: str) -> int:
    answer = visit(login).post("/replies", json={"name": name, "text": text, **more})
    assert answer.status_code == 201
    number: int = answer.json()["reply"]["id"]
    return number


def test_staff_see_shared_templates_and_nobody_those_of_others(visit: Visit) -> None:
    add(visit, "anna", "Аннин", HOSTILE)
    add(visit, "admin", "Общий", shared="1")
    page = visit("anna").get("/replies", headers=HTML).text
    assert "Аннин" in page and "Общий" in page and "<script>alert" not in page and "&lt;script&gt;" in page
    for name in VARIABLES:
        assert f"<code>{{{name}}}</code>" in page
    for login, is_staff in (("boris", True), ("irina", False), ("stranger", False)):
        others = visit(login).get("/replies", headers=HTML).text
        assert ("Общий" in others) is is_staff and "Аннин" not in others
    listed = visit("boris").get("/replies").json()
    assert listed["success"] and [(it["name"], it["shared"]) for it in listed["replies"]] == [("Общий", True)]


def test_one_is_made_changed_and_deleted_by_forms(anna: Client) -> None:
    made = anna.post("/replies", data={"name": "Принято", "text": "Взяли.\r\nЖдите."}, headers=HTML)
    number = int(re.fullmatch(r"/replies#reply-(\d+)", made.headers["location"])[1])
    form = anna.get(f"/replies/{number}", headers=HTML).text
    assert 'value="Принято"' in form and ">Взяли.\nЖдите.</textarea>" in form and 'name="position"' in form
    changed = {"name": "Взято", "text": "Беру.", "position": "5"}
    assert anna.post(f"/replies/{number}", data=changed, headers=HTML).status_code == 303
    told = anna.get(f"/replies/{number}").json()["reply"]
    assert told == {"id": number, "name": "Взято", "text": "Беру.", "shared": False, "position": 5}
    assert anna.post(f"/replies/{number}/delete", headers=HTML).headers["location"] == "/replies"
    assert anna.get("/replies").json()["replies"] == []


def test_a_double_click_makes_one_template_and_deletes_without_an_error(anna: Client) -> None:
    form = {"name": "a", "text": "b", "idempotency_key": "k"}
    assert [anna.post("/replies", data=form, headers=HTML).status_code for _ in range(2)] == [303, 303]
    (only,) = anna.get("/replies").json()["replies"]
    gone = {"idempotency_key": "k"}
    address = f"/replies/{only['id']}/delete"
    assert [anna.post(address, data=gone, headers=HTML).status_code for _ in range(2)] == [303, 303]


def test_a_refused_reply_template_comes_back_with_the_typed_text(visit: Visit) -> None:
    anna, number = visit("anna"), add(visit, "anna")
    for address in ("/replies", f"/replies/{number}"):
        for form, field in (
            ({"name": "", "text": HOSTILE}, "name"),
            ({"name": "x" * 101, "text": HOSTILE}, "name"),
            ({"name": "x", "text": " "}, "text"),
            ({"name": "x", "text": HOSTILE, "position": "-1"}, "position"),
        ):
            answer = anna.post(address, data=form, headers=HTML)
            assert answer.status_code == 422 and "<script>alert" not in answer.text
            assert (">&lt;/textarea&gt;&lt;script" in answer.text) is (form["text"] == HOSTILE)
            assert field in anna.post(address, json=form).json()["errors"]
            if field != "position":
                assert f'id="reply-{field}-fault"' in answer.text
    assert len(anna.get("/replies").json()["replies"]) == 1


def test_only_administrators_write_shared_templates(visit: Visit) -> None:
    number, boris = add(visit, "admin", "Общий", shared="1"), visit("boris")
    assert boris.get(f"/replies/{number}").json()["reply"]["name"] == "Общий"
    sent = {"name": "мой", "text": "мой", "shared": "1"}
    for headers in (HTML, {}):
        for method, address in (
            ("POST", "/replies"),
            ("POST", f"/replies/{number}"),
            ("POST", f"/replies/{number}/delete"),
        ):
            assert boris.request(method, address, data=sent, headers=headers).status_code == 403
    assert boris.get(f"/replies/{number}", headers=HTML).status_code == 403
    page = boris.get("/replies", headers=HTML).text
    assert "Общий" in page and f"/replies/{number}" not in page and 'name="shared"' not in page
    assert visit("admin").post(f"/replies/{number}/delete").json()["success"]


def test_another_persons_template_is_not_there(visit: Visit) -> None:
    number = add(visit, "anna")
    for login in ("boris", "admin"):
        client = visit(login)
        for method, address in (("GET", ""), ("POST", ""), ("POST", "/delete")):
            assert (
                client.request(method, f"/replies/{number}{address}", data={"name": "x", "text": "x"}).status_code
                == 404
            )
    assert visit("anna").get(f"/replies/{number}").json()["reply"]["name"] == "Принято"
    assert visit("anna").get("/replies/99999999999").status_code == 404


def test_a_full_list_says_so(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_templates, "MOST_IN_LIST", 1)
    add(visit, "anna")
    answer = visit("anna").post("/replies", data={"name": "x", "text": "y"}, headers=HTML)
    assert answer.status_code == 422 and "delete one first" in answer.text


# Into a comment


def draft(page: str) -> str:
    found = re.search(r'name="comment"[^>]*>([^<]*)</textarea>', page.split('class="compose"')[1])
    assert found
    return found[1]


def test_a_template_is_inserted_after_the_typed_text_and_nothing_is_sent(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер {person}", assignee=None), visit("anna")
    text = "{author}, задача {task} «{subject}» ({project}). {assignee} {nonsense} — {person}"
    form = {"reply": str(add(visit, "anna", text=text)), "comment": "Здравствуйте!\r\n", "private": "1", "at": ""}
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    assert f'formaction="/tasks/{number}/reply"' in page and ">Принято</option>" in page
    answer = anna.post(f"/tasks/{number}/reply", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}#comments-{number}-form")
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    told = f"{NAMES['irina']}, задача #{number} «Принтер {{person}}» (help)."
    want = f"Здравствуйте!\n{told} {{assignee}} {{nonsense}} — {NAMES['anna']}"
    assert draft(page) == want and re.search(r'name="private"[^>]* checked', page) and "not sent" in page
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []
    assert anna.post(f"/tasks/{number}/reply", data=form, headers=HTML).status_code == 303
    assert draft(anna.get(f"/tasks/{number}", headers=HTML).text) == want


def test_htmx_gets_the_comment_form_with_the_text_where_the_caret_was(anna: Client, number: int, visit: Visit) -> None:
    form = {"reply": str(add(visit, "anna", text="<b>!")), "comment": "ab🙂c", "at": "3"}
    answer = anna.post(f"/tasks/{number}/reply", data=form, headers=HTMX)
    assert answer.status_code == 200 and answer.text.lstrip().startswith(
        f'<form class="compose" id="comments-{number}-form"'
    )
    assert draft(answer.text) == "ab🙂&lt;b&gt;!c"


def test_without_templates_there_is_nothing_to_insert_but_a_link(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("anna").get(f"/tasks/{embedded.new_task()}", headers=HTML).text
    assert 'href="/replies"' in page and "data-inserts" not in page


def test_a_failed_insertion_keeps_the_typed_text(anna: Client, number: int, visit: Visit, database: Database) -> None:
    another, long = add(visit, "boris"), add(visit, "anna", text="x" * 65_535)
    for reply, status in ((another, 404), (99_999, 404), ("x", 422), ("", 404), (long, 422)):
        answer = anna.post(f"/tasks/{number}/reply", data={"reply": reply, "comment": f"долго {reply}"}, headers=HTML)
        assert answer.status_code == status and f">долго {reply}</textarea>" in answer.text
        assert "it is kept: its form will offer it again" in answer.text
        assert draft(anna.get(f"/tasks/{number}", headers=HTML).text) == f"долго {reply}"


def test_a_template_goes_into_no_task_that_one_may_not_see(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, shared = embedded.new_task("Тайна"), add(visit, "admin", text="{subject}", shared="1")
    for headers in (HTML, HTMX):
        answer = visit("stranger").post(
            f"/tasks/{number}/reply", data={"reply": shared, "comment": "я"}, headers=headers
        )
        assert answer.status_code == 404 and "Тайна" not in answer.text
