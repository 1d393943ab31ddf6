"""From a task to the next and the previous one of the list that it was opened from."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from helpdesk.errors import BadResponse
from helpdesk.web.neighbours.views import AROUND
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

LIST = "/tasks?sort=id"


def links(page: str) -> list[str]:
    """The links of the list's rows, in their order."""
    return [unescape(it) for it in re.findall(r'<td class="list-subject"><a href="([^"]+)"', page)]


def numbers(addresses: list[str]) -> list[int]:
    return [int(it.split("?")[0].rsplit("/", 1)[1]) for it in addresses]


def opened(client: TestClient, address: str, index: int = 0) -> str:
    """The address of a task that is opened from a list."""
    return links(client.get(address, headers=HTML).text)[index]


def way(page: str) -> dict[str, str]:
    """What the page of a task says of its list: `back`, `prev`, `next` and the place, as far as it says it."""
    (nav,) = re.findall(r'<nav class="task-way".*?</nav>', page, re.DOTALL)
    found = {rel: unescape(it) for rel, it in re.findall(r'rel="(\w+)" href="([^"]+)"', nav)}
    found["back"] = unescape(re.findall(r'href="([^"]+)#:~:text=', nav)[0])
    places = re.findall(r"<span>([^<]+)</span>", nav)
    return found | ({"place": places[0]} if places else {})


def step(client: TestClient, address: str, rel: str = "next") -> str:
    """The address that a press leads to."""
    answer = client.get(way(client.get(address, headers=HTML).text)[rel], headers=HTML)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def place(client: TestClient, address: str) -> tuple[int, str, str]:
    """The task, its place, and the address of the list."""
    its = way(client.get(address, headers=HTML).text)
    return numbers([address])[0], its["place"], its["back"]


@pytest.mark.parametrize("address", [LIST, "/tasks/my-tasks?sort=id", "/tasks?search=задача&sort=id&closed=1"])
def test_a_list_is_walked_forth_and_back_and_its_page_goes_along(
    anna: Client, embedded: EmbeddedWorld, address: str
) -> None:
    made = [embedded.new_task(f"задача {n}") for n in range(5)]
    address = quote(f"{address}&per_page=2", safe="/?&=")
    here = opened(anna, address)
    for index, number in enumerate(made):
        its_number, its_place, back = place(anna, here)
        assert (its_number, its_place) == (number, f"{index + 1} of 5")
        assert number in numbers(links(anna.get(back, headers=HTML).text))
        here = step(anna, here)
    assert numbers([here]) == made[-1:]
    for number in reversed(made[:-1]):
        here = step(anna, here, "prev")
        assert numbers([here]) == [number]
    assert numbers([step(anna, here, "prev")]) == made[:1]


def test_the_ends_of_a_list_are_told(anna: Client, number: int) -> None:
    here = opened(anna, "/tasks")
    for rel, message in (("next", "There is no next task in the list."), ("prev", "There is no previous task")):
        there = step(anna, here, rel)
        assert there == here and message in anna.get(there, headers=HTML).text
        assert message not in anna.get(there, headers=HTML).text


def test_the_ends_of_a_list_are_marked(anna: Client, embedded: EmbeddedWorld) -> None:
    for _ in range(3):
        embedded.new_task()
    known = links(anna.get(LIST, headers=HTML).text)
    unknown = known[0].partition("?")[0] + origin(position=0, total=0)
    for here, ends in zip([*known, unknown], (["prev"], [], ["next"], []), strict=True):
        page = anna.get(here, headers=HTML).text
        assert re.findall(r'rel="(\w+)"[^>]* aria-disabled="true"', page) == ends


def test_opening_a_task_reads_no_list(anna: Client, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    here = opened(anna, LIST)
    anna.get(here, headers=HTML)  # which counts for the navigation

    async def tasks(*_: object, **__: object) -> None:
        raise AssertionError("a list was read")

    monkeypatch.setattr("helpdesk.tasks.embedded.backend.EmbeddedBackend.tasks", tasks)
    assert place(anna, here)[1] == "1 of 1"


# After a change


def leave(client: TestClient, number: int) -> None:
    client.put(f"/tasks/api/task/{number}/status", json={"status_id": STATUS_IDS["in_progress"]}).raise_for_status()


def test_after_a_task_has_left_the_list_the_one_at_its_place_is_next(anna: Client, embedded: EmbeddedWorld) -> None:
    made = [embedded.new_task() for _ in range(4)]
    here = opened(anna, f"{LIST}&status_id={STATUS_IDS['new']}", 1)
    leave(anna, made[1])
    assert place(anna, step(anna, here))[:2] == (made[2], "2 of 3")
    assert place(anna, step(anna, here, "prev"))[:2] == (made[0], "1 of 3")


def test_after_the_last_one_has_left_the_list_there_is_no_next_but_a_previous_one(
    anna: Client, embedded: EmbeddedWorld
) -> None:
    made = [embedded.new_task() for _ in range(3)]
    here = opened(anna, f"{LIST}&status_id={STATUS_IDS['new']}", 2)
    for number in made[1:]:
        leave(anna, number)
    assert step(anna, here) == here
    assert numbers([step(anna, here, "prev")]) == made[:1]


def test_an_answer_that_moves_a_task_to_the_front_does_not_lead_round_in_a_circle(
    anna: Client, embedded: EmbeddedWorld
) -> None:
    for _ in range(4):
        embedded.new_task()
    here = opened(anna, "/tasks")
    order = numbers(links(anna.get("/tasks", headers=HTML).text))
    for number in order:
        assert numbers([here]) == [number]
        anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "Ответ"}).raise_for_status()
        here = step(anna, here)


def test_a_task_that_others_have_pushed_down_is_found_again(anna: Client, embedded: EmbeddedWorld) -> None:
    for _ in range(5):
        embedded.new_task()
    order = numbers(links(anna.get("/tasks", headers=HTML).text))
    here = opened(anna, "/tasks", 1)
    for number in order[3:]:
        anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "Ответ"}).raise_for_status()
    assert place(anna, step(anna, here))[:2] == (order[2], "5 of 5")
    assert place(anna, step(anna, here, "prev"))[:2] == (order[0], "3 of 5")


def test_a_task_far_from_its_place_is_found_again(anna: Client, embedded: EmbeddedWorld) -> None:
    made = [embedded.new_task() for _ in range(3 * AROUND)]
    order = made[::-1]
    for index in (1, AROUND + 5, 2 * AROUND + 5):
        here = opened(anna, "/tasks?per_page=100", index)
        for number in made[:AROUND]:  # to the edge of what is read, and then one further
            anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "Ответ"}).raise_for_status()
        order = numbers(links(anna.get("/tasks?per_page=100", headers=HTML).text))
        here_now = order.index(numbers([here])[0])
        if numbers([here])[0] not in made[:AROUND]:
            assert numbers([step(anna, here)]) == [order[here_now + 1]]
            assert numbers([step(anna, here, "prev")]) == [order[here_now - 1]]


def test_a_task_far_down_the_list_that_was_answered_goes_on_from_its_place(
    anna: Client, embedded: EmbeddedWorld
) -> None:
    order = [embedded.new_task() for _ in range(2 * AROUND + 6)][::-1]
    index = AROUND + 4
    here = opened(anna, "/tasks?per_page=100", index)
    anna.post(f"/tasks/api/task/{order[index]}/comments", json={"comment": "Ответ"}).raise_for_status()
    assert place(anna, step(anna, here))[:2] == (order[index + 1], f"{index + 2} of {len(order)}")
    assert place(anna, step(anna, here, "prev"))[:2] == (order[index - 1], f"{index + 1} of {len(order)}")


FAR: list[tuple[str, dict[str, object], int]] = [
    ("sort=priority&order=desc", {"priority_id": PRIORITY_IDS["urgent"]}, 0),
    ("sort=priority&order=desc", {"priority_id": PRIORITY_IDS["low"]}, -1),
    ("sort=due_date", {"due_date": "2026-12-01"}, 0),
    ("sort=due_date&order=desc", {"due_date": "2026-12-01"}, 0),
    ("sort=assigned_to", {"assignee_id": PEOPLE_IDS["boris"]}, -1),
    ("sort=assigned_to&order=desc", {"assignee_id": PEOPLE_IDS["boris"]}, 0),
]
"""An order, a change that moves a task to one end of it, and that end."""


@pytest.mark.parametrize(("order", "change", "end"), FAR)
def test_a_task_that_a_change_moves_far_away_goes_on_from_its_place(
    anna: Client, embedded: EmbeddedWorld, order: str, change: dict[str, object], end: int
) -> None:
    for _ in range(2 * AROUND + 8):
        embedded.new_task()
    address, index = f"/tasks?{order}&per_page=100", AROUND + 3
    before = numbers(links(anna.get(address, headers=HTML).text))
    here = opened(anna, address, index)
    assert anna.post(f"/tasks/{before[index]}/fields", data=change, headers=HTML).status_code == 303
    assert numbers(links(anna.get(address, headers=HTML).text))[end] == before[index]
    assert numbers([step(anna, here)]) == [before[index + 1]]
    assert numbers([step(anna, here, "prev")]) == [before[index - 1]]


# The address


def test_a_write_without_scripts_keeps_the_list(anna: Client, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task()
    here = opened(anna, LIST)
    headers = HTML | {"Referer": f"http://testserver{here}"}
    forms: list[tuple[str, dict[str, object]]] = [
        (f"/tasks/{number}/comments", {"comment": "Ответ"}),
        (f"/tasks/{number}/fields", {"status_id": STATUS_IDS["in_progress"]}),
        (f"/tasks/{number}/watch", {"watching": "1"}),
        (f"/drafts/task:{number}:comments/discard", {}),
    ]
    for address, form in forms:
        answer = anna.post(address, data=form, headers=headers)
        assert answer.status_code == 303 and answer.headers["location"].split("#")[0] == here, address
    refused = anna.post(f"/tasks/{number}/comments", data={"comment": ""}, headers=headers)
    assert refused.status_code == 422 and way(refused.text)["place"] == "1 of 1"
    form_page = anna.get(f"/tasks/{number}/edit", headers=headers).text
    (action,) = re.findall(r'action="(/tasks/\d+/edit[^"]*)"', form_page)
    headers |= {"Referer": f"http://testserver/tasks/{number}/edit"}
    answer = anna.post(unescape(action), data={"subject": "Иначе"}, headers=headers)
    assert answer.headers["location"].split("#")[0] == here


def test_a_row_edited_or_shown_again_in_its_place_keeps_the_list(anna: Client, embedded: EmbeddedWorld) -> None:
    made = [embedded.new_task() for _ in range(3)]
    headers = HTMX | {"Referer": f"http://testserver{LIST}"}
    for fragment in (
        anna.get(f"/tasks/{made[1]}/row?edit=1", headers=headers).text,
        anna.get(f"/tasks/{made[1]}/row?live=1", headers=headers).text,
        anna.post(f"/tasks/{made[1]}/row", data={"status_id": STATUS_IDS["in_progress"]}, headers=headers).text,
    ):
        (here,) = re.findall(rf'href="(/tasks/{made[1]}[?][^"]+)"', fragment.replace(f"{made[1]}/row", ""))
        its = way(anna.get(here, headers=HTML).text)
        assert its["back"] == LIST and "place" not in its
        assert place(anna, step(anna, here))[:2] == (made[2], "3 of 3")
    known = opened(anna, LIST, 1)
    again = anna.get(f"/tasks/{made[1]}/row?live=1&{known.partition('?')[2]}", headers=headers).text
    assert known in unescape(again)


JUNK = "&utm_source=mail&filter=1&x=" + "a" * 1_000


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("/tasks?order=asc&page=2&per_page=1&sort=id", "/tasks?sort=id&page=2&per_page=1"),
        ("/tasks/my-tasks?page=2&per_page=1", "/tasks/my-tasks?page=2&per_page=1"),
        ("/tasks/my-tasks?assigned_to_id=any&closed=0", "/tasks/my-tasks?assigned_to_id=any"),
        ("/tasks?status=new&search=%20%23", "/tasks?status_id=1&search=%23"),
    ],
)
def test_a_task_names_its_list_without_foreign_parameters(
    anna: Client, embedded: EmbeddedWorld, address: str, plain: str
) -> None:
    for _ in range(2):
        number = embedded.new_task(subject="№ #")
    address += JUNK
    for here in links(anna.get(address, headers=HTML).text):
        assert way(anna.get(here, headers=HTML).text)["back"] == plain
    fragment = anna.get(f"/tasks/{number}/row?live=1", headers=HTMX | {"Referer": f"http://testserver{address}"}).text
    (here,) = re.findall(rf'href="(/tasks/{number}[?][^"]+)"', fragment.replace(f"{number}/row", ""))
    assert way(anna.get(unescape(here), headers=HTML).text)["back"] == plain


def test_a_list_with_a_long_address_is_named_by_no_row(anna: Client, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("ж" * 90)
    for length, query in ((70, origin(address=f"/tasks?search={quote('ж' * 70)}", total=1)), (90, "")):
        here = opened(anna, f"/tasks?search={'ж' * length}")
        assert here.partition("-")[0] == f"/tasks/{number}{query}".partition("-")[0]
        assert ("next" in way(anna.get(here, headers=HTML).text)) == bool(query)


def origin(person: str = "anna", address: str = "/tasks", **changed: int) -> str:
    its = {"position": 1, "total": 9, "as_of": 0} | changed
    text = f"{PEOPLE_IDS[person]}-{its['as_of']:x}-{its['total']}-{address}-{its['position']}"
    return f"?list={quote(text, safe='/?=,-')}"


@pytest.mark.parametrize(
    "query",
    [
        "?list=",
        "?list=2-0-9-/tasks",
        "?list=2-0-9-/tasks-1-",
        "?list=2-0-9-/tasks-99999999",
        "?list=2-0-\u0669-/tasks-1",
        "?list=2-0-9-/tasks-10",
        "?list=2-0-9-/tasks/board-1",
        "?list=2-0-9-/users/logout-1",
        "?list=2-0-9-//evil.example/tasks-1",
        "?list=2-0-9-https://evil.example/tasks-1",
        "?list=2-0-9-/tasks?search=%00-1",
        "?list=2-0-9-/tasks?search=ё-1",
        "?list=2-0-9-/tasks?search=" + "x" * 500 + "-1",
        "?list=" + "2" * 5_000,
        origin("boris"),
    ],
)
def test_a_foreign_or_broken_list_is_ignored(anna: Client, number: int, query: str) -> None:
    page = anna.get(f"/tasks/{number}{query}", headers=HTML)
    assert page.status_code == 200 and way(page.text) == {"back": "/tasks/my-tasks"}
    for verb in ("next", "previous"):
        answer = anna.get(f"/tasks/{number}/{verb}{query}", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")


def test_positions_beyond_the_list_lead_back_into_it(anna: Client, embedded: EmbeddedWorld) -> None:
    made = [embedded.new_task() for _ in range(2)]
    here = f"/tasks/{made[0]}{origin(address=LIST, position=9_999_999, total=9_999_999)}"
    assert step(anna, here) == here
    assert numbers([step(anna, here, "prev")]) == made[1:]


@pytest.mark.parametrize(
    "address", ["/tasks?sort=x", "/tasks?order=up", "/tasks?status_id=x", "/tasks?per_page=-1", "/tasks?due_by=x"]
)
@pytest.mark.parametrize("verb", ["next", "previous"])
def test_a_list_that_is_none_any_more_leaves_one_on_the_task(
    anna: Client, number: int, address: str, verb: str
) -> None:
    here = f"/tasks/{number}{origin(address=address)}"
    answer = anna.get(here.replace("?", f"/{verb}?", 1), headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, here)
    assert "This list can&#39;t be shown any more." in anna.get(here, headers=HTML).text


def test_a_backend_that_fails_leaves_one_on_the_task(
    anna: Client, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = opened(anna, LIST)

    async def tasks(*_: object, **__: object) -> None:
        raise BadResponse(detail="no JSON")

    with monkeypatch.context() as broken:
        broken.setattr("helpdesk.tasks.embedded.backend.EmbeddedBackend.tasks", tasks)
        answer = anna.get(here.replace("?", "/next?", 1), headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, here)
    assert str(BadResponse.default.text) in anna.get(here, headers=HTML).text
    assert [it.__dict__["detail"] for it in caplog.records if it.message == "refused"] == ["no JSON"]


def test_neighbours_are_tasks_that_the_person_sees(visit: Visit, embedded: EmbeddedWorld) -> None:
    mine, _, also = (embedded.new_task(author=it) for it in ("irina", "boris", "irina"))
    irina = visit("irina")
    here = opened(irina, "/tasks/my-tasks?sort=id&order=asc")
    assert numbers([here]) == [mine] and numbers([step(irina, here)]) == [also]
    foreign = f"/tasks/{mine}{origin('stranger', '/tasks')}"
    assert visit("stranger").get(foreign.replace("?", "/next?"), headers=HTML).headers["location"] == foreign
    assert visit("stranger").get(foreign, headers=HTML).status_code == 404
    assert visit().get(f"/tasks/{mine}/next", headers=HTML).status_code in (303, 401)


def test_a_requester_walks_the_tasks_that_she_asked_for(visit: Visit, embedded: EmbeddedWorld) -> None:
    made = [embedded.new_task(author="irina") for _ in range(2)]
    irina = visit("irina")
    here = opened(irina, "/tasks/my-tasks")
    assert place(irina, here) == (made[1], "1 of 2", "/tasks/my-tasks?author_id=me")
    assert place(irina, step(irina, here))[:2] == (made[0], "2 of 2")


def test_a_linked_task_has_no_neighbours_but_the_way_back(anna: Client, embedded: EmbeddedWorld) -> None:
    number, other = embedded.new_task(), embedded.new_task()
    here = opened(anna, LIST)
    anna.get(here, headers=HTML)
    page = anna.get(f"/tasks/{other}", headers=HTML | {"Referer": f"http://testserver{here}"}).text
    assert numbers([here]) == [number] and way(page) == {"back": LIST}
