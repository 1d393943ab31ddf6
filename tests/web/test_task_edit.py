"""The page that changes a task's details and custom fields."""

import json
import re
from html import unescape

import pytest

from helpdesk.store.database import Database
from helpdesk.tasks.fields import CustomField
from helpdesk.web.tasks.form_fields import Control, merged, seen
from tests.tasks.test_pictures import picture
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.test_drafts import kept
from tests.world import FIELD_IDS, EmbeddedWorld

ROOM, WAY, AGREED, REPLACED = (FIELD_IDS[name] for name in ("Кабинет", "Способ связи", "Согласовано", "Дата замены"))
HOSTILE = "</textarea><script>alert(1)</script>\n'\" {{7*7}}"


def form_of(page: str) -> dict[str, str | list[str]]:
    """What a browser would send of the edit form, as it stands."""
    text = page[page.index('<form class="edit-task"') :].split("</form>")[0]
    sent: dict[str, str | list[str]] = {}
    for name, value in re.findall(r'<input(?![^>]*checkbox)[^>]* name="(\w+)" value="([^"]*)"', text):
        sent[name] = unescape(value)
    for name, value in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n?(.*?)</textarea>', text, re.DOTALL):
        sent[name] = unescape(value).replace("\n", "\r\n")
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        sent[name] = unescape(chosen[1]) if chosen else ""
    for name, value in re.findall(r'type="checkbox" name="(\w+)" value="([^"]*)" checked', text):
        held = sent.get(name, [])
        sent[name] = [*([held] if isinstance(held, str) else held), unescape(value)]
    return sent


def address(number: int) -> str:
    return f"/tasks/{number}/edit"


def test_a_task_is_made_private_and_says_so_wherever_it_is_shown(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna, irina = embedded.new_task(), visit("anna"), visit("irina")
    form = form_of(anna.get(address(number), headers=HTML).text)
    assert form["is_private"] == "0" and "Private" not in anna.get(f"/tasks/{number}", headers=HTML).text
    assert anna.get(f"/tasks/api/task/{number}").json()["is_private"] is False
    assert anna.post(address(number), data=form | {"is_private": "1"}, headers=HTML).status_code == 303
    page = irina.get(f"/tasks/{number}", headers=HTML).text
    assert "<dt>Private</dt>" in page and "Private: no → yes" in page
    for place in ("/tasks", "/tasks/board"):
        assert "private</span>" in anna.get(place, headers=HTML).text
    assert anna.get(f"/tasks/api/task/{number}").json()["is_private"] is True
    assert anna.put(f"/tasks/api/task/{number}", json={"is_private": "off"}).json()["is_private"] is False
    assert irina.put(f"/tasks/api/task/{number}", json={"is_private": True}).status_code == 403
    assert "<dt>Private</dt>" not in anna.get(f"/tasks/{number}", headers=HTML).text


def test_a_new_task_is_private_when_that_is_chosen(visit: Visit, embedded: EmbeddedWorld) -> None:
    anna, wish = visit("anna"), {"project_id": 1, "subject": "Личное", "is_private": True}
    form = anna.get("/tasks/new?project_id=1", headers=HTML).text
    assert re.search(
        r'<select id="field-is_private"[^>]*>\s*<option value="1">yes</option>\s*<option value="0" selected', form
    )
    number = anna.post("/tasks/api/task", json=wish).json()["data"]["task_id"]
    assert anna.get(f"/tasks/api/task/{number}").json()["is_private"] is True
    assert visit("irina").post("/tasks/api/task", json=wish).status_code == 403


def test_one_form_changes_every_field_and_the_task_shows_it(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер", description="Первая\nвторая"), visit("anna")
    assert f'href="{address(number)}"' in anna.get(f"/tasks/{number}", headers=HTML).text
    form = form_of(anna.get(address(number), headers=HTML).text)
    assert (form["subject"], form["description"], form["tracker_id"]) == ("Принтер", "Первая\r\nвторая", "1")
    assert anna.post(address(number), data=form, headers=HTML).headers["location"] == f"/tasks/{number}"
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []
    form |= {
        "subject": HOSTILE.splitlines()[0],
        "description": HOSTILE,
        "start_date": "2026-11-02",
        "due_date": "2026-11-20",
        "done_ratio": "40",
        "estimated_hours": "2,5",
        f"cf_{ROOM}": "214",
        f"cf_{WAY}": "Почта",
        f"cf_{AGREED}": "1",
        f"cf_{REPLACED}": "2026-12-01",
        "comment": "Уточнила",
        "idempotency_key": "k",
    }
    answers = [anna.post(address(number), data=form, headers=HTML) for _ in range(2)]
    assert {(it.status_code, it.headers["location"]) for it in answers} == {(303, f"/tasks/{number}#entry-1")}
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    assert "Уточнила" in page and "Кабинет: 214" in page and "Согласовано: yes" in page and "<script>alert" not in page
    again = form_of(anna.get(address(number), headers=HTML).text)
    same = ("description", "start_date", "due_date", "done_ratio", f"cf_{ROOM}", f"cf_{WAY}", f"cf_{AGREED}")
    assert {name: again[name] for name in same} == {name: str(form[name]).replace("\n", "\r\n") for name in same}
    assert again["estimated_hours"] == "2.5"


def test_htmx_gets_the_form_alone_and_is_led_to_the_task(anna: Client, number: int) -> None:
    fragment = anna.get(address(number), headers=HTMX)
    assert fragment.text.lstrip().startswith('<form class="edit-task"') and "<html" not in fragment.text
    form = form_of(fragment.text) | {"done_ratio": "10", "idempotency_key": "k"}
    for _ in range(2):
        answer = anna.post(address(number), data=form, headers=HTMX)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (200, f"/tasks/{number}#entry-1")


def test_each_field_shows_its_error_and_keeps_the_typed_value(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Стул"), visit("anna")
    form = form_of(anna.get(address(number), headers=HTML).text)
    for wrong in (
        {"subject": " ", "done_ratio": "101", f"cf_{WAY}": "Голубь"},
        {"due_date": "завтра", "estimated_hours": "долго", "parent_id": "нет"},
        {"start_date": "2026-11-02", "due_date": "2026-11-01"},
        {"parent_id": str(number)},
    ):
        for headers in (HTML, HTMX):
            answer = anna.post(address(number), data=form | wrong | {"description": HOSTILE}, headers=headers)
            assert answer.status_code == 422 and "<script>alert" not in answer.text
            told = set(re.findall(r'<p class="fault" id="field-(\w+)-fault"', answer.text))
            assert told == (set(wrong) - {"start_date"})
            for name in told:
                assert re.search(
                    rf'name="{name}"[^>]* aria-invalid="true" aria-describedby="[^"]*field-{name}-fault', answer.text
                )
            shown = form_of(answer.text)
            assert shown["description"] == HOSTILE.replace("\n", "\r\n")
            assert all(shown[name] == value for name, value in wrong.items() if name != "subject")
    assert anna.get(f"/tasks/api/task/{number}").json()["subject"] == "Стул"


def test_a_conflict_keeps_typed_values_takes_untouched_ones_and_shows_fields_of_both(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    number, anna = embedded.new_task("Стул", description="Сломан"), visit("anna")
    typed_upon = form_of(anna.get(address(number), headers=HTML).text)
    theirs = {"subject": "Стол", "done_ratio": 50, "custom_fields": [{"id": ROOM, "value": "7"}]}
    visit("boris").put(f"/tasks/api/task/{number}", json=theirs)
    mine = typed_upon | {"subject": "Табурет", "description": "Мой текст", "comment": "Мой комментарий"}
    for headers in (HTML, HTMX):
        answer = anna.post(address(number), data=mine, headers=headers)
        assert answer.status_code == 409 and "Somebody changed this meanwhile." in answer.text
        shown = form_of(answer.text)
        assert (shown["subject"], shown["description"], shown["comment"]) == ("Табурет", "Мой текст", "Мой комментарий")
        assert (shown["done_ratio"], shown[f"cf_{ROOM}"]) == ("50", "7")
        (both,) = re.findall(r'id="field-(\w+)-theirs">.*?Now: ([^<]*)<', answer.text)
        assert both == ("subject", "Стол") and 'aria-describedby="field-subject-theirs"' in answer.text
    assert anna.post(address(number), data=shown, headers=HTML).status_code == 303
    task = anna.get(f"/tasks/api/task/{number}").json()
    assert (task["subject"], task["description"], task["done_ratio"]) == ("Табурет", "Мой текст", 50)


def test_a_field_left_alone_is_not_changed_however_the_backend_keeps_it(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Две  строки ", description="раз\r\nдва  "), visit("anna")
    anna.put(f"/tasks/api/task/{number}", json={"custom_fields": [{"id": ROOM, "value": "214"}]})
    embedded.alter_field(ROOM, kind="date")
    form = form_of(anna.get(address(number), headers=HTML).text)
    assert anna.post(address(number), data=form | {"done_ratio": "10"}, headers=HTML).status_code == 303
    changes = anna.get(f"/tasks/api/task/{number}/history").json()["history"][-1]["changes"]
    assert changes == ["Progress, %: 0 → 10"]


def test_the_edit_page_needs_the_right_to_edit(number: int, visit: Visit) -> None:
    assert address(number) not in visit("irina").get(f"/tasks/{number}", headers=HTML).text
    for login, status in (("irina", 403), ("stranger", 404)):
        assert visit(login).get(address(number), headers=HTML).status_code == status
        answer = visit(login).post(address(number), data={"subject": "x", "description": "y"}, headers=HTML)
        assert answer.status_code == status
    assert visit("anna").get(f"/tasks/api/task/{number}").json()["subject"] != "x"


def test_programs_get_json_at_the_same_address(anna: Client, number: int) -> None:
    assert anna.get(address(number)).json()["id"] == number
    assert anna.post(address(number), json={"subject": "Стол"}).json()["subject"] == "Стол"
    assert anna.post(address(number), json={"subject": ""}).json()["error"] == "invalid"
    assert anna.post(address(number), json={"subject": "Стол"}).json()["error"] == "unchanged"


def test_a_field_of_many_values_is_boxes_and_an_unknown_value_is_not_lost(
    anna: Client, number: int, embedded: EmbeddedWorld
) -> None:
    embedded.alter_field(WAY, multiple=True)
    form = form_of(anna.get(address(number), headers=HTML).text)
    anna.post(address(number), data=form | {f"cf_{WAY}": ["", "Телефон", "Почта"]}, headers=HTML)
    embedded.alter_field(WAY, options="Почта\nЛично")
    form = form_of(anna.get(address(number), headers=HTML).text)
    assert form[f"cf_{WAY}"] == ["", "Почта", "Телефон"]
    assert anna.post(address(number), data=form | {"subject": "Иначе"}, headers=HTML).status_code == 303
    assert anna.get(f"/tasks/api/task/{number}").json()["custom_fields"][1]["value"] == ["Телефон", "Почта"]
    form = form_of(anna.get(address(number), headers=HTML).text)
    anna.post(address(number), data=form | {f"cf_{WAY}": ""}, headers=HTML)
    assert anna.get(f"/tasks/api/task/{number}").json()["custom_fields"][1]["value"] == []


@pytest.mark.parametrize("kind", ["text", "long_text", "integer", "decimal", "date", "yes_no", "list", "link"])
def test_every_kind_of_field_has_its_control_with_a_label(visit: Visit, embedded: EmbeddedWorld, kind: str) -> None:
    embedded.alter_field(ROOM, kind=kind, hint="Как на двери", required=True)
    page = visit("anna").get(address(embedded.new_task()), headers=HTML).text
    control = page.split(f'<label for="field-cf_{ROOM}">')[1].split('<div class="field')[0]
    assert f'id="field-cf_{ROOM}"' in control and f'aria-describedby="field-cf_{ROOM}-hint"' in control


def test_a_read_only_field_has_no_control(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.alter_field(ROOM, kind="other")
    assert f"cf_{ROOM}" not in visit("anna").get(address(embedded.new_task()), headers=HTML).text


# Nothing typed is lost


def test_a_refused_form_leaves_a_draft_that_is_offered_merged_and_thrown_away(
    visit: Visit, embedded: EmbeddedWorld, database: Database
) -> None:
    number, anna = embedded.new_task("Стул"), visit("anna")
    embedded.alter_field(WAY, multiple=True)
    form = form_of(anna.get(address(number), headers=HTML).text)
    mine = form | {"description": "Долго печатала", "done_ratio": "x", f"cf_{WAY}": ["", "Лично"]}
    assert anna.post(address(number), data=mine, headers=HTML).status_code == 422
    assert list(kept(database)) == [f"task:{number}:edit"]
    visit("boris").put(f"/tasks/api/task/{number}", json={"subject": "Стол"})
    page = anna.get(address(number), headers=HTML).text
    shown = form_of(page)
    assert "not sent" in page and (shown["description"], shown["subject"]) == ("Долго печатала", "Стол")
    assert shown[f"cf_{WAY}"] == ["", "Лично"]
    discard = f"/drafts/task:{number}:edit/discard"
    for headers in (HTML, HTMX):
        answer = anna.post(discard, data={"typed_by": form["typed_by"]}, headers=headers)
        assert (answer.status_code, answer.headers["location"]) == (303, address(number))
    assert "Долго печатала" not in anna.get(address(number), headers=HTML).text


def test_a_form_that_was_sent_leaves_no_draft(anna: Client, number: int, database: Database) -> None:
    form = form_of(anna.get(address(number), headers=HTML).text) | {"description": "Печатаю", "idempotency_key": "k"}
    assert anna.put(f"/drafts/task:{number}:edit", data=form).json()["kept"]
    assert kept(database)[f"task:{number}:edit"]["description"] == "Печатаю"
    assert anna.get(address(number), headers=HTML).status_code == 200 and kept(database)
    anna.post(address(number), data=form, headers=HTML)
    assert kept(database) == {} and not anna.put(f"/drafts/task:{number}:edit", data=form).json()["kept"]


def test_another_persons_form_is_not_sent(visit: Visit, embedded: EmbeddedWorld, database: Database) -> None:
    number = embedded.new_task("Стул")
    form = form_of(visit("boris").get(address(number), headers=HTML).text) | {"subject": "Стол"}
    assert visit("anna").post(address(number), data=form, headers=HTML).status_code == 403
    assert visit("anna").get(f"/tasks/api/task/{number}").json()["subject"] == "Стул" and kept(database) == {}


# Merging by itself


def control(value: str) -> Control:
    return Control("f", CustomField(1, "f"), (value,) if value else ())


@pytest.mark.parametrize(
    ("was", "mine", "now", "shown", "theirs"),
    [
        ("a", "a", "a", "a", None),
        ("a", "b", "a", "b", None),
        ("a", "a", "b", "b", None),
        ("a", "b", "b", "b", None),
        ("a", "b", "c", "b", ("c",)),
        ("a", "", "c", "", ("c",)),
        ("", "b", "", "b", None),
        ("a", "b", "", "b", ()),
    ],
)
def test_a_form_shows_the_own_value_and_marks_theirs_after_both_wrote(
    was: str, mine: str, now: str, shown: str, theirs: object
) -> None:
    (result,) = merged([control(now)], {"f": mine, "seen": seen([control(was)])})
    assert ("".join(result.value), result.theirs) == (shown, theirs)


@pytest.mark.parametrize("made_up", ["", "[]", "null", "{", "[" * 100_000, json.dumps({"f": 7})])
def test_forged_hashes_of_a_form_keep_the_typed_values(made_up: str) -> None:
    (result,) = merged([control("now")], {"f": "mine", "seen": made_up})
    assert result.value == ("mine",)


def test_files_come_with_the_form_and_stay_when_it_is_refused(anna: Client, number: int) -> None:
    sent = form_of(anna.get(address(number), headers=HTML).text) | {"subject": "", "description": "![](a.png)"}
    page = anna.post(address(number), data=sent, files={"files": ("a.png", picture(), "image/png")}, headers=HTML)
    assert page.status_code == 422 and "a.png <span" in page.text
    again = form_of(page.text) | {"subject": "Тема"}
    assert anna.post(address(number), data=again, headers=HTML).status_code == 303
    task = anna.get(f"/tasks/api/task/{number}").json()
    assert [file["filename"] for file in task["attachments"]] == ["a.png"] and task["subject"] == "Тема"
    assert (
        f'/files/{task["attachments"][0]["id"]}/thumbnail" alt="a.png"'
        in anna.get(f"/tasks/{number}", headers=HTML).text
    )


def test_the_edit_form_shows_that_files_are_too_large(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(), visit("anna", max_content_length=2_000)
    sent = form_of(anna.get(address(number), headers=HTML).text) | {"subject": "Другая тема"}
    page = anna.post(address(number), data=sent, files={"files": ("a.bin", b"0" * 5_000)}, headers=HTML)
    assert page.status_code == 413 and "The files are too large" in page.text and "Другая тема" in page.text
