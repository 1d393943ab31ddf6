"""The board as a page: whose tasks, in which columns, how it is laid out, and what its links and forms carry on."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from helpdesk.services import Services
from helpdesk.store import board as store
from helpdesk.store.board import ColumnSettings
from tests.telling import tell
from tests.web.board_screen import Screen
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import Element, parsed, sent
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, STATUSES, EmbeddedWorld

BOARD, CARDS, MORE, FOLD = "/tasks/board", "/tasks/board/cards", "/tasks/board/more", "/tasks/board/fold"
ANY = f"{BOARD}?assigned_to_id=any"
NEW, BUSY, WAITING, CLOSED, REJECTED = (
    STATUS_IDS[it] for it in ("new", "in_progress", "waiting", "closed", "rejected")
)
HOSTILE = "'\"><script>alert(1)</script> %s"


def told(client: TestClient, address: str) -> dict[str, list[int]]:
    """The board for programs: the tasks of each status that has any here."""
    columns = client.get(address).json()["columns"]
    return {it["name"]: [task["id"] for task in it["tasks"]] for it in columns if it["tasks"]}


def ids(client: TestClient, address: str) -> set[int]:
    return {task for tasks in told(client, address).values() for task in tasks}


def page(client: TestClient, address: str = BOARD) -> Element:
    answer = client.get(address, headers=HTML)
    assert answer.status_code == 200
    return parsed(answer.text)


def link(within: Element, text: str) -> str:
    anchor = within.one(lambda it: it.tag == "a" and it.text == text)
    assert anchor, text
    return anchor["href"]


# Whose tasks


def test_a_board_shows_own_tasks_unless_its_address_names_people(visit: Visit, embedded: EmbeddedWorld) -> None:
    hers, his, nobodys = (embedded.new_task(assignee=it) for it in ("anna", "boris", None))
    anna = visit("anna")
    for address, there in (
        (BOARD, {hers}),
        (f"{BOARD}?assigned_to_id=me", {hers}),
        (ANY, {hers, his, nobodys}),
        (f"{BOARD}?assigned_to_id={PEOPLE_IDS['boris']}", {his}),
        (f"{BOARD}?assigned_to_id=none", {nobodys}),
        (f"{BOARD}?author_id={PEOPLE_IDS['irina']}", {hers, his, nobodys}),
        (f"{BOARD}?author_id=me", set()),
    ):
        assert ids(anna, address) == there, address
        assert {int(it["id"][5:]) for it in page(anna, address).of_class("card")} == there, address


def test_a_requester_is_redirected_to_her_requested_tasks(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), visit("irina")
    answer = irina.get(f"{BOARD}?project_id=1&lanes=priority", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"{BOARD}?author_id=me&project_id=1&lanes=priority",
    )
    assert told(irina, BOARD) == told(irina, f"{BOARD}?author_id=me") == {"new": [number]}
    assert page(irina, f"{BOARD}?assigned_to_id=me").of_class("card") == []


def test_a_former_assignee_gets_an_empty_board(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task(status="closed", assignee="boris")
    assert page(visit("boris"), f"{BOARD}?project_id=2").of_class("card") == []


def test_an_invisible_task_is_on_no_board(visit: Visit, embedded: EmbeddedWorld) -> None:
    seen = embedded.new_task("Принтер", author="irina")
    others = embedded.new_task("Секрет", author="boris", project="warehouse")
    assert ids(visit("irina"), ANY) == {seen}
    assert ids(visit("admin"), ANY) == {seen, others}
    stranger = visit("stranger")
    for address in (ANY, f"{ANY}&lanes=project"):
        answer = stranger.get(address, headers=HTML)
        assert answer.status_code == 200 and "Секрет" not in answer.text
        assert "No task matches." in answer.text
    assert all(it["total"] == 0 for it in stranger.get(ANY).json()["columns"])


def test_an_invisible_task_looks_like_a_missing_one(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, stranger = embedded.new_task("Секрет"), visit("stranger")
    for address in (f"{CARDS}?assigned_to_id=any", f"{CARDS}?author_id={PEOPLE_IDS['irina']}"):
        answer = stranger.get(f"{address}&ids={number}", headers=HTMX)
        other = stranger.get(f"{address}&ids=777", headers=HTMX)
        assert answer.status_code == 200 and "Секрет" not in answer.text
        assert answer.text == other.text.replace("777", str(number))
        assert f'<li class="card" id="card-{number}" data-at=""></li>' in answer.text
        assert set(re.findall(r'data-total="(\d+)"', answer.text)) == {"0"}
    assert "Секрет" not in stranger.get(f"{MORE}?assigned_to_id=any&column={NEW}", headers=HTMX).text


# The same questions as a list's


@pytest.mark.parametrize(
    "query",
    [
        "", f"status_id={NEW}", f"status_id={NEW},{CLOSED}", "status=waiting", "priority=urgent",
        f"project_id={PROJECT_IDS['office']}", "tracker_id=1", "tracker_id=2", "search=принтер", "search=нет такого",
        "author_id=me", f"author_id={PEOPLE_IDS['boris']}", "assigned_to_id=me", "assigned_to_id=none",
        "updated_since=2020-01-01", "updated_since=2120-01-01", "due_by=2120-01-01", "created_by=2020-01-01",
        f"project_id=1&priority_id={PRIORITY_IDS['urgent']}&assigned_to_id=me",
    ],
)  # fmt: skip
def test_a_board_has_the_tasks_of_the_list_with_the_same_query(
    visit: Visit, embedded: EmbeddedWorld, query: str
) -> None:
    embedded.new_task("Принтер", priority="urgent")
    embedded.new_task("Монитор", project="office", assignee=None, author="boris")
    embedded.new_task("Принтер", status="waiting", assignee="boris", author="anna")
    embedded.new_task("Мышь", status="closed")
    anna, anybody = visit("anna"), "" if "_to_id" in query or "author" in query else "&assigned_to_id=any"
    listed = anna.get(f"/tasks?{query}&closed=1").json()["tasks"]
    assert ids(anna, f"{BOARD}?{query}&closed=1{anybody}") == {task["id"] for task in listed}


def test_a_board_has_the_order_of_its_address(visit: Visit, embedded: EmbeddedWorld) -> None:
    first, second, third = (embedded.new_task(it) for it in ("Б", "А", "В"))
    anna = visit("anna")
    assert told(anna, BOARD) == {"new": [third, second, first]}
    assert told(anna, f"{BOARD}?sort=subject") == {"new": [second, first, third]}
    assert told(anna, f"{BOARD}?sort=id&order=desc") == {"new": [third, second, first]}


def test_a_searched_number_redirects_to_its_task(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(status="closed"), visit("anna")
    for query in (f"search=%23{number}", f"search={number}&assigned_to_id=any"):
        answer = anna.get(f"{BOARD}?{query}", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{number}")
    assert anna.get(f"{BOARD}?search=777", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/tasks",
        "/tasks/my-tasks",
        f"/tasks?project_id=1&status_id={NEW}&sort=subject&order=desc",
        f"/tasks/my-tasks?priority_id={PRIORITY_IDS['urgent']}&closed=1",
        "/tasks/my-tasks?author_id=me&search=принтер",
        f"/tasks?assigned_to_id={PEOPLE_IDS['boris']}&per_page=50",
        "/tasks?assigned_to_id=none&page=1",
    ],
)
def test_links_between_list_and_board_keep_the_query(visit: Visit, embedded: EmbeddedWorld, address: str) -> None:
    for who in ("anna", "boris", None):
        embedded.new_task("Принтер", assignee=who, author="anna", priority="urgent")
    anna = visit("anna")
    there = link(page(anna, address), "as a board")
    assert urlsplit(there).path == BOARD
    back = link(page(anna, there), "as a list")
    assert link(page(anna, back), "as a board") == there
    assert anna.get(back).json()["tasks"] == anna.get(address).json()["tasks"]
    assert ids(anna, there) == {task["id"] for task in anna.get(address).json()["tasks"]}


def test_links_of_filter_and_layout_stay_on_the_board_with_its_query(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Принтер", priority="urgent")
    address = f"{ANY}&priority_id={PRIORITY_IDS['urgent']}&search=принтер&lanes=project&compact=1"
    there = page(visit("anna"), address)
    params = parse_qs(urlsplit(address).query)
    for text, changed in (
        ("No lanes", {"lanes": []}),
        ("By assignee", {"lanes": ["assignee"]}),
        ("By priority", {"lanes": ["priority"]}),
        ("With details", {"compact": []}),
    ):
        expected = {name: value for name, value in {**params, **changed}.items() if value}
        assert parse_qs(urlsplit(link(there, text)).query) == expected
    assert [it.text for it in there.all(lambda it: it.get("aria-current") == "true")] == ["By project"]
    for chip in there.of_class("chips")[0].all(lambda it: it.get("title") == "Take this away"):
        left = parse_qs(urlsplit(chip["href"]).query)
        assert len(left) == len(params) - 1 and left["lanes"] == ["project"] and left["assigned_to_id"] == ["any"]


def test_the_filter_form_keeps_people_and_layout(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    anna = visit("anna")
    for address in (f"{ANY}&lanes=assignee&compact=1&per_page=50&closed=1", BOARD, f"{BOARD}?assigned_to_id=none"):
        there = page(anna, address)
        assert not there.of_class("filter"), "it comes when it is wanted"
        (summary,) = there.all(lambda it: it.tag == "summary" and it.get("hx-get"))
        (form,) = parsed(anna.get(summary["hx-get"], headers=HTMX).text).of_class("filter")
        assert form["action"] == BOARD and sent(form) == sent(page(anna, summary["hx-get"]).of_class("filter")[0])
        again = {name: value for name, value in sent(form).items() if value and (name, value) != ("sort", "updated_on")}
        assert again == {"assigned_to_id": "me"} | {k: v for k, (v,) in parse_qs(urlsplit(address).query).items()}


# How it is laid out


def test_a_lane_marks_a_count_of_shown_cards_only(visit: Visit, embedded: EmbeddedWorld) -> None:
    for _ in range(3):
        embedded.new_task(assignee="boris")
    for size, count in ((2, "2 shown here"), (3, "3")):
        (lane,) = page(visit("anna"), f"{ANY}&lanes=assignee&per_page={size}").of_class("lane")
        assert lane.elements[0].text == f"{embedded.name('boris')} {count}"


def test_lanes_divide_by_assignee_project_or_priority(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task(assignee="boris", project="office", priority="low")
    embedded.new_task(assignee="anna", priority="urgent")
    embedded.new_task(assignee=None, status="in_progress")
    anna = visit("anna")
    for lanes, names in (
        ("assignee", [f"{NAMES['anna']} 1", f"{NAMES['boris']} 1", "nobody 1"]),
        ("project", ["help 2", "office 1"]),
        ("priority", ["urgent 1", "normal 1", "low 1"]),
    ):
        there = page(anna, f"{ANY}&lanes={lanes}")
        assert [it.elements[0].text for it in there.of_class("lane")] == names
        assert len({it["id"] for it in there.of_class("cards")}) == len(names) * len(STATUSES)
    for lanes in ("", "nonsense"):
        (lane,) = page(anna, f"{ANY}&lanes={lanes}").of_class("lane")
        assert not lane.all(lambda it: it.tag == "h2")


def test_a_compact_board_has_a_class(anna: Client) -> None:
    assert "compact" in page(anna, f"{ANY}&compact=1").by_id("board").classes
    assert "compact" not in page(anna, ANY).by_id("board").classes
    assert anna.get(f"{ANY}&compact=maybe", headers=HTML).status_code == 422


def test_a_saved_view_of_a_board_keeps_its_layout(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    anna, address = visit("anna"), f"{ANY}&project_id=1&lanes=assignee&compact=1"
    (form,) = page(anna, f"{address}&filter=1").of_class("filter")
    save = form.one(lambda it: it.get("formaction") == "/views")
    assert (save["name"], save["value"]) == ("of", BOARD)
    offered = anna.get("/views", params={**sent(form), "of": BOARD}, headers=HTML).text
    saved = unescape(re.search(r'name="address" value="([^"]+)"', offered)[1])
    assert parse_qs(urlsplit(saved).query) == parse_qs(urlsplit(address).query)
    anna.post("/views", data={"name": "Доска", "address": saved}, headers=HTML)
    there = anna.get(saved, headers=HTML).text
    (view,) = parsed(there).all(lambda it: it.get("href") == saved and it.get("aria-current") == "page")
    assert "Доска" in view.text
    anna.post("/views", data={"name": "Моя", "address": BOARD}, headers=HTML)
    assert "Моя" in page(anna, BOARD).one(lambda it: it.get("href") == f"{BOARD}?assigned_to_id=me").text


# Columns


def test_columns_are_the_backends_statuses_or_the_filtered_ones(anna: Client) -> None:
    assert [it.text for it in page(anna, ANY).of_class("column")] == [f"{it} Tasks: 0" for it in STATUSES]
    assert list(Screen(anna, f"{ANY}&status_id={WAITING},{NEW}").columns()) == [NEW, WAITING]


def test_a_column_head_counts_shown_and_all_cards(visit: Visit, embedded: EmbeddedWorld) -> None:
    for _ in range(3):
        embedded.new_task()
    embedded.new_task(status="in_progress")
    columns = Screen(visit("anna"), f"{ANY}&per_page=2").columns()
    assert [columns[it].tally for it in (NEW, BUSY, WAITING)] == ["2 of 3", "1", "0"]
    assert [columns[it].bare for it in (NEW, BUSY, WAITING)] == [False, False, True]
    there = page(visit("anna"), f"{ANY}&per_page=2").of_class("board-totals")[0]
    assert there.text == "4 in all 4 open 3 new 1 being dealt with 0 closed"


def test_phases_and_limits_are_the_administrators_settings(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    for status in ("in_progress", "in_progress", "waiting", "closed", "new"):
        embedded.new_task(status=status)
    rules = {
        BUSY: ColumnSettings("active", 1),
        WAITING: ColumnSettings("waiting", 1),
        CLOSED: ColumnSettings("waiting"),
    }
    services.database.run_here(lambda db: store.save_columns(db, rules), writes=True)
    there = page(visit("anna"))
    summary = there.of_class("board-totals")[0].text
    assert summary == "5 in all 4 open 1 new 2 being dealt with 1 on hold 1 closed"
    heads = {int(it["data-status"]): it for it in there.of_class("column")}
    assert {"waiting", "active", "done"} & heads[WAITING].classes == {"waiting"} and "waiting" in heads[WAITING].text
    assert "done" in heads[CLOSED].classes and "new" in heads[NEW].classes and "active" in heads[BUSY].classes
    (over,), (just,) = heads[BUSY].of_class("tally"), heads[WAITING].of_class("tally")
    assert "too-many" in over.classes and over.text == "Tasks: 2, over the limit of 1"
    assert "too-many" not in just.classes and just.text == "Tasks: 1, limit 1"
    columns = visit("anna").get(BOARD).json()["columns"]
    assert [(it["phase"], it["limit"]) for it in columns] == [
        ("new", None), ("active", 1), ("active", None), ("waiting", 1), ("done", None), ("done", None),
    ]  # fmt: skip


def test_json_has_each_column_with_its_tasks(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, closed = embedded.new_task(), embedded.new_task(status="closed")
    visit("boris").post(f"/tasks/api/task/{number}/comments", json={"comment": "Смотрю."})
    columns = {it["id"]: it for it in visit("anna").get(BOARD).json()["columns"]}
    (task,) = columns[NEW]["tasks"]
    assert (task["id"], task["comments"], task["status_id"]) == (number, 1, NEW)
    assert (columns[CLOSED]["folded"], columns[CLOSED]["total"], columns[CLOSED]["tasks"]) == (True, 1, [])
    opened = {it["id"]: it for it in visit("anna").get(f"{BOARD}?closed=1").json()["columns"]}
    assert [task["id"] for task in opened[CLOSED]["tasks"]] == [closed] and not opened[CLOSED]["folded"]


# Folding


def folded(client: TestClient, address: str = BOARD) -> set[int]:
    return {status for status, it in Screen(client, address).columns().items() if it.folded}


def test_closed_columns_are_folded_unless_the_query_includes_them(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task(status="closed")
    anna = visit("anna")
    assert folded(anna) == {CLOSED, REJECTED}
    assert folded(anna, f"{BOARD}?closed=1") == folded(anna, f"{BOARD}?status_id={CLOSED},{NEW}") == set()
    assert page(anna).of_class("card") == []


def test_a_fold_is_remembered_for_its_person_with_any_query(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    anna, boris = visit("anna"), visit("boris")
    there = page(anna)
    for status, name in ((NEW, "fold"), (CLOSED, "open")):
        button, form = there.by_id(f"fold-{status}"), there.by_id(name)
        assert (button["form"], button["aria-expanded"]) == (name, "true" if name == "fold" else "false")
        answer = anna.post(form["action"], data={**sent(form), "status_id": button["value"]}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, BOARD)
    assert folded(anna) == {NEW, REJECTED} and folded(anna, f"{BOARD}?closed=1&lanes=project") == {NEW}
    assert page(anna).of_class("card") == [] and Screen(anna, BOARD).columns()[NEW].total == 1
    assert folded(boris, ANY) == {CLOSED, REJECTED}


def test_htmx_folds_and_opens_a_column_in_its_place(visit: Visit, embedded: EmbeddedWorld) -> None:
    for _ in range(3):
        embedded.new_task()
    screen = Screen(visit("anna"), f"{ANY}&per_page=2")
    before = screen.columns()
    screen.fold(NEW)
    assert screen.columns()[NEW] == before[NEW]._replace(cards={"1": []}, tally="3", folded=True)
    assert not screen.more(NEW)
    screen.fold(NEW)
    assert screen.columns() == before and screen.more(NEW)
    assert screen.columns()[NEW].tally == "3"


@pytest.mark.parametrize(
    "board", [f"{ANY}&lanes=project", f"{ANY}&status_id={BUSY}"], ids=["with lanes", "of other columns"]
)
def test_a_board_without_a_place_for_the_column_is_reloaded(visit: Visit, board: str) -> None:
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{board}"}
    answer = visit("anna").post(FOLD, data={"status_id": NEW, "folded": "1"}, headers=headers)
    assert (answer.status_code, answer.headers["hx-refresh"], answer.content) == (200, "true", b"")


# More


def test_more_cards_are_added_to_a_column(visit: Visit, embedded: EmbeddedWorld) -> None:
    numbers = [embedded.new_task() for _ in range(30)]
    screen = Screen(visit("anna"), BOARD)
    assert screen.columns()[NEW].cards == {"1": numbers[:4:-1]} and screen.columns()[NEW].tally == "25 of 30"
    assert screen.more(NEW) and not screen.more(NEW)
    assert screen.columns()[NEW].cards == {"1": numbers[::-1]} and screen.columns()[NEW].tally == "30"


def test_without_scripts_more_is_a_longer_board_then_the_list(visit: Visit, embedded: EmbeddedWorld) -> None:
    for _ in range(3):
        embedded.new_task()
    anna = visit("anna")
    for size, address in (
        (2, f"{ANY}&per_page=27"),
        (76, f"/tasks?status_id={NEW}&per_page=100"),
    ):
        more = page(anna, f"{ANY}&per_page={size}").by_id(f"more-{NEW}")
        assert parse_qs(urlsplit(more["href"]).query) == parse_qs(urlsplit(address).query)
        assert urlsplit(more["href"]).path == urlsplit(address).path
        assert ("hidden" in more.attributes) == (size > 3)
    mine = page(anna, f"{BOARD}?per_page=80&priority_id=2").by_id(f"more-{NEW}")["href"]
    assert mine == f"/tasks/my-tasks?assigned_to_id=me&status_id={NEW}&priority_id=2&per_page=100"
    assert "hx-get" not in page(anna, f"{ANY}&lanes=project&per_page=1").by_id(f"more-{NEW}").attributes


def test_fragments_of_cards_redirect_to_the_board_without_htmx(visit: Visit) -> None:
    for address, query in ((MORE, "project_id=1&column=1&skip=25"), (CARDS, "project_id=1&ids=1")):
        for headers in (HTML, {}):
            answer = visit("anna").get(f"{address}?{query}", headers=headers)
            assert (answer.status_code, answer.headers["location"]) == (303, f"{BOARD}?{query}")


@pytest.mark.parametrize(
    "query",
    [
        f"{MORE}?column=x", MORE, f"{MORE}?column=1&skip=-1", f"{MORE}?column=1&sort=password",
        f"{CARDS}?ids=x", f"{CARDS}?ids=1,-2", f"{CARDS}?ids=1&status_id=x",
    ],
)  # fmt: skip
def test_an_impossible_board_query_is_refused(visit: Visit, query: str) -> None:
    assert visit("anna").get(query, headers=HTMX).status_code == 422


# Cards


def test_a_card_shows_priority_due_day_age_and_assignee(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    number, other = embedded.new_task(HOSTILE, priority="urgent"), embedded.new_task(assignee=None)
    anna, boris = visit("anna"), visit("boris")
    boris.put(f"/tasks/api/task/{number}", json={"due_date": "2020-01-31", "comment": "Смотрю."}).raise_for_status()
    tell(embedded.database, "anna", number)
    answer = anna.get(ANY, headers=HTML)
    assert "<script>alert" not in answer.text
    cards = {it["id"]: it for it in parsed(answer.text).of_class("card")}
    card = cards[f"card-{number}"]
    assert card.text == f"⋮ {HOSTILE} new urgent #{number} help overdue now {NAMES['anna']} has news"
    assert card.of_class("who")[0]["title"] == NAMES["anna"] and "news" in card.classes
    assert card.of_class("late")[0]["title"] == "31.01.2020"
    assert cards[f"card-{other}"].text == f"⋮ Не печатает принтер new normal #{other} help now"
    assert not page(anna, BOARD).by_id(f"card-{number}").of_class("who")
    boris.put(f"/tasks/api/task/{number}/status", json={"status_id": REJECTED}).raise_for_status()
    done = page(boris, f"{ANY}&closed=1").by_id(f"card-{number}")
    assert "overdue" not in done.text and "has news" not in done.text


def test_only_own_cards_of_the_own_board_leave_the_assignee_out(visit: Visit, embedded: EmbeddedWorld) -> None:
    his = embedded.new_task(assignee="boris")
    hers = embedded.new_task(f"То же, что #{his}")
    anna = visit("anna")
    for address, headers in ((f"{BOARD}?search={his}", HTML), (f"{CARDS}?search={his}&ids={his},{hers}", HTMX)):
        cards = {it["id"]: it for it in parsed(anna.get(address, headers=headers).text).of_class("card")}
        assert [it["title"] for it in cards[f"card-{his}"].of_class("who")] == [NAMES["boris"]], address
        assert not cards[f"card-{hers}"].of_class("who")


def test_changed_cards_are_sent_as_far_as_the_board_has_them(visit: Visit, embedded: EmbeddedWorld) -> None:
    hers, his = embedded.new_task(), embedded.new_task(assignee="boris", status="in_progress")
    anna = visit("anna")
    for query, there, gone in (
        ("", {hers}, {his, 777}),
        ("&assigned_to_id=any", {hers, his}, {777}),
        (f"&assigned_to_id=any&status_id={BUSY}", {his}, {hers, 777}),
        ("&assigned_to_id=any&search=нет такого", set(), {hers, his, 777}),
    ):
        cards = parsed(anna.get(f"{CARDS}?ids={hers},{his},777{query}", headers=HTMX).text).of_class("card")
        assert {int(it["id"][5:]) for it in cards if it["data-at"]} == there
        assert {int(it["id"][5:]) for it in cards if not it["data-at"]} == gone
    lane = parsed(anna.get(f"{CARDS}?assigned_to_id=any&lanes=assignee&ids={his}", headers=HTMX).text)
    assert lane.of_class("card")[0]["data-at"] == f"{BUSY}-{PEOPLE_IDS['boris']}"


def test_the_newest_of_changed_cards_comes_last_to_stand_on_top(visit: Visit, embedded: EmbeddedWorld) -> None:
    numbers = [embedded.new_task() for _ in range(3)]
    for query, dated in (("", True), ("&sort=subject", False)):
        answer = visit("anna").get(f"{CARDS}?ids={numbers[1]},{numbers[0]},{numbers[2]}{query}", headers=HTMX)
        cards = parsed(answer.text).of_class("card")
        assert [it["id"] for it in cards if dated] == [f"card-{it}" for it in numbers if dated]
        assert ["data-on" in it.attributes for it in cards] == [dated] * 3


def test_who_may_change_nothing_has_neither_grips_nor_a_tip_about_moving(visit: Visit, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(author="irina")
    for login, may_move in (("anna", True), ("irina", False)):
        there = page(visit(login), ANY)
        assert bool(there.by_id(f"card-{number}").of_class("grip")) == may_move, login
        assert bool(there.of_class("hint-by-mouse")) == may_move, login
        cards = parsed(visit(login).get(f"{CARDS}?ids={number}&assigned_to_id=any", headers=HTMX).text)
        assert bool(cards.of_class("grip")) == may_move, login
