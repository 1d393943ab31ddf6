"""A page that was told of a change asks what it was; a row asks how it is now."""

from tests.web.conftest import HTML, HTMX, Visit
from tests.world import EmbeddedWorld


def test_a_page_that_is_up_to_date_gets_nothing_and_another_who_it_was(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna, boris = embedded.new_task("Стул"), visit("anna"), visit("boris")
    seen = anna.get(f"/tasks/api/task/{task}").json()["lock_version"]
    asked = f"/tasks/{task}/changed?since="
    assert anna.get(asked + seen, headers=HTMX).status_code == 204
    boris.post(f"/tasks/api/task/{task}/comments", json={"comment": "Готово"}).raise_for_status()
    shown = anna.get(asked + seen, headers=HTMX)
    assert shown.status_code == 200 and "Борис Кузнецов changed this task" in shown.text and "Готово" not in shown.text


def test_what_is_new_comes_without_the_forms_that_somebody_types_in(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task("Стул"), visit("anna")
    visit("boris").post(f"/tasks/api/task/{task}/comments", json={"comment": "Готово"}).raise_for_status()
    shown = anna.get(f"/tasks/{task}/changed?show=1", headers=HTMX).text
    assert "Готово" in shown and f'hx-target="#status-{task}:not(.typed)"' in shown
    assert "Готово" not in anna.get(f"/tasks/{task}/changed?show=1&history=changes", headers=HTMX).text


def test_who_does_not_see_the_task_learns_nothing(visit: Visit, embedded: EmbeddedWorld) -> None:
    task = embedded.new_task("Стул")
    assert visit("stranger").get(f"/tasks/{task}/changed?since=", headers=HTMX).status_code == 404
    answer = visit("anna").get(f"/tasks/{task}/changed", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{task}")


def test_a_row_that_comes_by_itself_takes_no_focus(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task("Стул"), visit("anna")
    assert "autofocus" in anna.get(f"/tasks/{task}/row?by=author", headers=HTMX).text
    assert "autofocus" not in anna.get(f"/tasks/{task}/row?by=author&live=1", headers=HTMX).text
