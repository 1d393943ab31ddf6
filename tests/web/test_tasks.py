"""The pages of tasks and their fragments."""

import re

import pytest

from helpdesk.web.tasks import rendered_texts
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

HOSTILE = "'\"><script>alert(1)</script>"


def version(html: str) -> str:
    return re.search(r'name="lock_version" value="([^"]+)"', html)[1]


def test_my_tasks_tells_how_many_and_links_each(visit: Visit, embedded: EmbeddedWorld) -> None:
    first, second = embedded.new_task("Принтер"), embedded.new_task("Сканер")
    embedded.new_task("Чужая", assignee="boris")
    page = visit("anna").get("/tasks/my-tasks", headers=HTML).text
    assert "<strong>2 tasks</strong>" in page and "Чужая" not in page
    for number, subject in ((first, "Принтер"), (second, "Сканер")):
        assert re.search(rf'<a href="/tasks/{number}\?list=[^"]+">{subject}</a>', page)


def test_a_person_without_assigned_tasks_sees_those_she_asked_for(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Просьба Ирины")
    page = visit("irina").get("/tasks/my-tasks", headers=HTML).text
    assert "Просьба Ирины" in page
    assert re.search(r'author_id=me"[^>]* aria-current="true">Requested by me', page)
    assert "Просьба Ирины" not in visit("irina").get("/tasks/my-tasks?assigned_to_id=me", headers=HTML).text


def test_an_empty_filter_of_somebody_with_tasks_does_not_turn_into_another_list(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    embedded.new_task("Назначенная")
    embedded.new_task("Своя просьба", author="anna", assignee="boris", status="resolved")
    page = visit("anna").get(f"/tasks/my-tasks?status_id={STATUS_IDS['resolved']}", headers=HTML).text
    assert "No task matches." in page and "Своя просьба" not in page


def test_a_stranger_gets_not_found(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    page = visit("stranger").get("/tasks/my-tasks", headers=HTML)
    assert page.status_code == 200 and "<strong>0 tasks</strong>" in page.text


def test_links_of_the_list_keep_its_filters(visit: Visit, embedded: EmbeddedWorld) -> None:
    for number in range(3):
        embedded.new_task(f"Принтер {number}")
    page = (
        visit("anna")
        .get("/tasks/my-tasks?search=принтер&per_page=1&sort=subject&order=desc&closed=1", headers=HTML)
        .text
    )
    links = re.findall(r'href="(/tasks/my-tasks\?[^"]+)"', page)
    following = next(link for link in links if "page=2" in link)
    for kept in ("search=%D0%BF", "per_page=1", "sort=subject", "closed=1", "order=desc"):
        assert kept in following


def test_a_task_shows_description_comments_and_history(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(description=f"Смотрите **#5** {HOSTILE}")
    anna = visit("anna")
    anna.post(f"/tasks/{number}/status", data={"status_id": STATUS_IDS["in_progress"], "comment": "Взяла"})
    page = anna.get(f"/tasks/{number}", headers=HTML).text
    assert '<a href="/tasks/5"' in page and "Взяла" in page and "Status: new → in_progress" in page
    assert "<script>alert" not in page


def test_hostile_text_in_every_field_is_shown_as_text(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(HOSTILE, description=HOSTILE)
    anna = visit("anna")
    anna.post(f"/tasks/{number}/comments", data={"comment": HOSTILE})
    for address in (f"/tasks/{number}", "/tasks/my-tasks", "/tasks/my-tasks?search=" + HOSTILE):
        page = anna.get(address, headers=HTML)
        assert page.status_code == 200 and "<script>alert" not in page.text
    refused = anna.post(f"/tasks/{number}/status", data={"status_id": HOSTILE, "comment": HOSTILE}, headers=HTML)
    assert refused.status_code == 422 and "<script>alert" not in refused.text


def test_a_missing_task_and_an_invisible_one_have_the_same_words(number: int, visit: Visit) -> None:
    client = visit("stranger")
    pages = [client.get(f"/tasks/{each}", headers=HTML | {"X-Request-ID": "same"}) for each in (number, 99_999)]
    assert [page.status_code for page in pages] == [404, 404]
    assert len({page.text.replace(f"/{number}", "/N").replace("/99999", "/N") for page in pages}) == 1


def test_a_form_without_javascript_leads_back_to_the_task(anna: Client, number: int) -> None:
    for address, field, value in (
        ("status", "status_id", STATUS_IDS["in_progress"]),
        ("priority", "priority_id", PRIORITY_IDS["urgent"]),
        ("assignee", "assignee_id", ""),
    ):
        answer = anna.post(f"/tasks/{number}/{address}", data={field: value}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
    task = anna.get(f"/tasks/api/task/{number}").json()
    assert (task["status"]["name"], task["priority"]["name"], task["assignee"]) == ("in_progress", "urgent", None)


def test_a_change_by_htmx_updates_the_form_and_the_page_around_it(anna: Client, number: int) -> None:
    seen = version(anna.get(f"/tasks/{number}", headers=HTML).text)
    form = {"status_id": STATUS_IDS["in_progress"], "comment": "Взяла", "lock_version": seen}
    answer = anna.post(f"/tasks/{number}/status", data=form, headers=HTMX)
    assert answer.status_code == 200 and "<html" not in answer.text
    targets = re.findall(r'<hx-partial hx-target="([^"]+)"', answer.text)
    facts = [f"#status-{number}-fact", f"#updated_on-{number}-fact"]
    form_and_facts = [f"#fields-{number}-inputs", *facts, f"#comments-{number}-then", f"#comments-{number}-others"]
    assert targets == [*form_and_facts, "form .version", f"#entries-{number}", "#toasts"]
    fact = answer.text.split(f'hx-target="{facts[0]}"')[1].split("</hx-partial>")[0]
    assert f'<dd id="status-{number}-fact"' in fact and " selected>in_progress</option>" in fact
    assert "Взяла" in answer.text and version(answer.text) != seen


def test_a_page_of_an_older_task_gets_all_its_facts(anna: Client, number: int) -> None:
    answer = anna.post(f"/tasks/{number}/comments", data={"comment": "x", "lock_version": "0"}, headers=HTMX).text
    assert f'hx-target="#facts-{number}"' in answer and f'<div class="task-facts" id="facts-{number}">' in answer


def test_a_change_of_assignee_updates_the_answers_that_pass_the_task_on(number: int, visit: Visit) -> None:
    anna = visit("anna")
    seen = version(anna.get(f"/tasks/{number}", headers=HTML).text)
    form = {"assignee_id": PEOPLE_IDS["boris"], "lock_version": seen}
    answer = anna.post(f"/tasks/{number}/assignee", data=form, headers=HTMX).text
    assert f'hx-target="#comments-{number}-send"' in answer


def test_a_comment_by_htmx_brings_an_empty_form_and_itself(anna: Client, number: int) -> None:
    anna.post(f"/tasks/{number}/comments", data={"comment": "Раньше"})
    seen = version(anna.get(f"/tasks/{number}", headers=HTML).text)
    form = {"comment": "Готово", "lock_version": seen}
    answer = anna.post(f"/tasks/{number}/comments", data=form, headers=HTMX).text
    assert answer.lstrip().startswith(f'<form class="compose" id="comments-{number}-form"')
    assert "Готово" in answer and "Раньше" not in answer
    assert 'hx-target="form .version"' in answer and version(answer) != seen


def test_a_comment_does_not_make_a_stale_form_look_fresh(anna: Client, number: int, visit: Visit) -> None:
    stale = version(anna.get(f"/tasks/{number}", headers=HTML).text)
    visit("boris").post(f"/tasks/{number}/priority", data={"priority_id": PRIORITY_IDS["urgent"], "comment": "Горит"})
    answer = anna.post(f"/tasks/{number}/comments", data={"comment": "Вижу", "lock_version": stale}, headers=HTMX).text
    assert 'hx-target="form .version"' not in answer
    assert "Горит" in answer and 'hx-swap="innerHTML"' in answer
    form = {"priority_id": PRIORITY_IDS["low"], "lock_version": stale}
    assert anna.post(f"/tasks/{number}/priority", data=form, headers=HTMX).status_code == 409


@pytest.mark.parametrize(
    ("field", "before", "wish", "mine"),
    [
        ("status", STATUS_IDS["new"], STATUS_IDS["rejected"], "rejected"),
        ("assignee", "", PEOPLE_IDS["boris"], NAMES["boris"]),
        ("assignee", PEOPLE_IDS["boris"], "", "nobody"),
    ],
)
def test_a_conflict_of_every_field_stands_at_its_control(
    anna: Client, number: int, field: str, before: object, wish: object, mine: str
) -> None:
    anna.post(f"/tasks/{number}/{field}", data={f"{field}_id": before, "comment": "x"})
    for headers in (HTML, HTMX):
        form = {f"{field}_id": wish, "lock_version": "0"}
        answer = anna.post(f"/tasks/{number}/{field}", data=form, headers=headers)
        fact = answer.text.split(f'<dd id="{field}-{number}-fact"')[1].split("</dd>")[0]
        assert answer.status_code == 409 and "Somebody changed" in answer.text and f" selected>{mine}</option>" in fact


def test_a_choice_that_is_not_offered_is_refused_beside_its_field(anna: Client, number: int) -> None:
    for headers in (HTML, HTMX):
        answer = anna.post(f"/tasks/{number}/assignee", data={"assignee_id": 999}, headers=headers)
        assert answer.status_code == 422 and "This person can&#39;t be assigned here." in answer.text
        assert f'aria-describedby="assignee-{number}-why-assignee_id"' in answer.text


def test_a_forms_address_leads_back_to_its_task(anna: Client, number: int) -> None:
    for form in ("status", "priority", "assignee", "comments"):
        answer = anna.get(f"/tasks/{number}/{form}", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
    assert anna.get(f"/tasks/{number}/nonsense", headers=HTML).status_code == 404


def test_a_form_may_say_where_to_go_next_on_our_site_alone(anna: Client, number: int) -> None:
    for wanted, location in (("/tasks/my-tasks", "/tasks/my-tasks"), ("//evil.test", f"/tasks/{number}#")):
        form = {"comment": "x", "next": wanted}
        answer = anna.post(f"/tasks/{number}/comments", data=form, headers=HTML)
        assert answer.headers["location"].startswith(location)


def test_the_history_is_narrowed_to_comments_or_changes(anna: Client, number: int) -> None:
    anna.post(f"/tasks/{number}/comments", data={"comment": "Слово"})
    anna.post(f"/tasks/{number}/status", data={"status_id": STATUS_IDS["in_progress"]})
    for history, word, change in (("", 1, 1), ("comments", 1, 0), ("changes", 0, 1), ("nonsense", 1, 1)):
        page = anna.get(f"/tasks/{number}?history={history}", headers=HTML).text
        assert (page.count("Слово"), page.count("Status: new → in_progress")) == (word, change)


def test_a_page_of_costly_texts_begins_the_rest_without_its_markup(
    visit: Visit, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered_texts, "PAGE_SECONDS", -1.0)
    number = embedded.new_task(description="**жирно** <b>\n\nдальше")
    page = visit("anna").get(f"/tasks/{number}", headers=HTML).text
    assert "<p>**жирно** &lt;b&gt;</p><p>дальше</p>" in page
    assert f'<a href="/tasks/{number}/texts/0" hx-get="/tasks/{number}/texts/0?from=0"' in page


def test_a_comment_without_javascript_leads_to_itself(number: int, visit: Visit) -> None:
    answer = visit("anna").post(f"/tasks/{number}/comments", data={"comment": "Готово"}, headers=HTML)
    assert answer.status_code == 303 and re.fullmatch(rf"/tasks/{number}#entry-\d+", answer.headers["location"])


def test_an_empty_comment_is_refused_beside_its_field(anna: Client, number: int) -> None:
    for headers in (HTML, HTMX):
        answer = anna.post(f"/tasks/{number}/comments", data={"comment": " \n"}, headers=headers)
        assert answer.status_code == 422 and "Please fill this in." in answer.text
        assert f'aria-describedby="comments-{number}-fault"' in answer.text


def test_only_what_the_workflow_allows_is_offered(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("anna").get(f"/tasks/{embedded.new_task()}", headers=HTML).text
    choice = re.search(r'<select name="status_id".*?</select>', page, re.DOTALL)[0]
    assert re.findall(r">(\w+)</option>", choice) == ["new", "in_progress", "rejected"]


def test_a_forbidden_transition_keeps_the_typed_text(number: int, visit: Visit) -> None:
    form = {"status_id": STATUS_IDS["closed"], "comment": "Закрываю"}
    answer = visit("anna").post(f"/tasks/{number}/status", data=form, headers=HTML)
    assert answer.status_code == 422 and "The workflow does not allow this status now." in answer.text
    assert ">Закрываю</textarea>" in answer.text


def test_a_conflict_shows_mine_and_theirs_and_the_second_try_counts(anna: Client, number: int, visit: Visit) -> None:
    stale = version(anna.get(f"/tasks/{number}", headers=HTML).text)
    visit("boris").post(f"/tasks/{number}/priority", data={"priority_id": PRIORITY_IDS["high"], "comment": "Спешно"})
    form = {"priority_id": PRIORITY_IDS["low"], "comment": "Не спешно", "lock_version": stale}
    for headers in (HTML, HTMX):
        answer = anna.post(f"/tasks/{number}/priority", data=form, headers=headers)
        assert answer.status_code == 409
        fact = answer.text.split(f'<dd id="priority-{number}-fact"')[1].split("</dd>")[0]
        assert "Priority: normal → high." in fact and " selected>low</option>" in fact
        assert NAMES["boris"] in fact and "Спешно" in answer.text
    fresh = {**form, "lock_version": version(answer.text)}
    assert anna.post(f"/tasks/{number}/priority", data=fresh, headers=HTML).status_code == 303


def test_an_unchanged_value_is_reported_without_an_error(anna: Client, number: int) -> None:
    form = {"status_id": STATUS_IDS["new"]}
    assert anna.post(f"/tasks/{number}/status", data=form, headers=HTML).status_code == 303
    assert "Nothing was changed" in anna.post(f"/tasks/{number}/status", data=form, headers=HTMX).text
    assert anna.get(f"/tasks/api/task/{number}/history").json()["history"] == []


def test_a_requester_is_offered_a_comment_and_no_changes(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("irina").get(f"/tasks/{embedded.new_task()}", headers=HTML).text
    assert 'name="comment"' in page and 'name="priority_id"' not in page and 'name="private"' not in page


def test_a_form_that_is_no_longer_offered_says_so(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), visit("irina")
    form = {"priority_id": "сломано", "comment": "Долго печатала"}
    toast = irina.post(f"/tasks/{number}/priority", data=form, headers=HTMX)
    assert toast.status_code == 403 and "You are not allowed to do this." in toast.text
    page = irina.post(f"/tasks/{number}/priority", data=form, headers=HTML)
    assert page.status_code == 403 and "Долго печатала" in page.text


def test_a_forbidden_change_is_a_toast_for_htmx_and_a_page_without(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), visit("irina")
    form = {"priority_id": PRIORITY_IDS["low"], "comment": "пожалуйста"}
    toast = irina.post(f"/tasks/{number}/priority", data=form, headers=HTMX)
    assert toast.status_code == 403 and toast.text.strip().startswith('<hx-partial hx-target="#toasts"')
    page = irina.post(f"/tasks/{number}/priority", data=form, headers=HTML)
    assert page.status_code == 403 and ">пожалуйста</textarea>" in page.text


def test_a_session_that_ended_sends_htmx_to_sign_in_and_shows_a_forms_text_again(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    number, nobody = embedded.new_task(), visit()
    form = {"comment": "Долго печатала"}
    answer = nobody.post(f"/tasks/{number}/comments", data=form, headers=HTMX)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/users/login?next=%2Ftasks%2F1")
    page = nobody.post(
        f"/tasks/{number}/comments", data=form, headers=HTML | {"Referer": f"http://testserver/tasks/{number}"}
    )
    assert page.status_code == 401 and ">Долго печатала</textarea>" in page.text
    assert f'name="next" value="/tasks/{number}"' in page.text


def test_dates_are_shown_in_the_time_zone_of_the_settings(visit: Visit, embedded: EmbeddedWorld) -> None:
    page = visit("anna").get(f"/tasks/{embedded.new_task()}", headers=HTML).text
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT[\d:.]+Z">\d\d\.\d\d\.\d{4} \d\d:\d\d<', page)


def test_a_form_without_a_choice_is_not_there(number: int, visit: Visit) -> None:
    page = visit("irina").get(f"/tasks/{number}", headers=HTML).text
    assert f'id="status-{number}-choice"' not in page, "her workflow leads nowhere from here"
    assert f'id="status-{number}-choice"' in visit("anna").get(f"/tasks/{number}", headers=HTML).text
