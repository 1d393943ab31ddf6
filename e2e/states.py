"""The states that pages get into while people work: the name of each, and how it is reached from the one before."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date, timedelta
from typing import Any, NamedTuple

import httpx
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from e2e import boards, steps
from helpdesk.demo.playable_phone import CALLS_BACK
from helpdesk.store.database import Database
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostState
from tests.running import STORE, Helpdesk
from tests.store import monitored
from tests.web.netmonitor import watched

TEXT = "Смотрю прямо сейчас, подождите минуту."
# Of few tasks, for to look at many takes longer and shows no more.
PROJECT = 1
BOARD = f"/tasks/board?project_id={PROJECT}"
LIST = "/tasks/my-tasks?per_page=10"


class Stage(NamedTuple):
    """The page that is looked at, people who work elsewhere meanwhile, and two tasks in progress that are anna's."""

    page: Page
    anna: httpx.Client
    boris: httpx.Client
    admin: httpx.Client
    helpdesk: Helpdesk
    task: int
    other: int

    def open(self, address: str) -> None:
        """Open a page, and wait until it hears of what others do."""
        self.page.goto(address)
        expect(self.page.locator("#fresh")).to_have_text("на связи")

    def seen(self, selector: str, text: str = "") -> None:
        expect(self.page.locator(selector).filter(has_text=text).first).to_be_visible()

    def tell(self, task: int = 0) -> None:
        steps.tell(self.boris, task or self.task, TEXT)

    def put(self, client: httpx.Client, task: int, status: str) -> None:
        found = client.get(f"/tasks/api/task/{task}/statuses").json()["available_statuses"]
        chosen = next(it["id"] for it in found if it["name"] == status)
        client.put(f"/tasks/api/task/{task}/status", json={"status_id": chosen}).raise_for_status()


Reach = Callable[[Stage], Any]


def row_changed(it: Stage) -> None:
    it.open(LIST)
    it.page.locator(f"#tasks tr:has([value='{it.other}']) .list-subject a").focus()  # what is in use is marked only
    it.put(it.boris, it.other, "Приостановлена")
    it.seen("tr.changed")


def row_gone(it: Stage) -> None:
    it.admin.delete(f"/tasks/api/task/{it.other}").raise_for_status()
    it.seen("tr.list-gone")


def palette(it: Stage) -> None:
    it.page.goto(LIST)
    it.page.keyboard.press("Control+k")
    it.seen("#palette [role=option]")


def palette_empty(it: Stage) -> None:
    it.page.locator("#palette [name=q]").fill("ничего-подобного")
    expect(it.page.locator("#palette [role=option]")).to_have_count(0)


def keys(it: Stage) -> None:
    it.page.keyboard.press("Escape")
    expect(it.page.locator("#palette")).not_to_be_visible()
    it.page.keyboard.press("?")
    it.seen("#help h2")


def own_menu(it: Stage) -> None:
    it.page.keyboard.press("Escape")
    steps.open_own_menu(it.page)


def widget(it: Stage) -> None:
    it.page.locator(".bell").click()
    it.seen("#widget h2")


def widget_news(it: Stage) -> None:
    it.open(LIST)
    widget(it)
    it.tell()
    it.seen("#widget .unread")


def widget_read(it: Stage) -> None:
    it.page.locator("#widget").get_by_role("button", name="Отметить все прочитанными").click()
    it.seen("#widget button", "Вернуть непрочитанными")
    it.page.get_by_text("Всё ли приходит?").click()


def line_lost(it: Stage) -> None:
    it.page.goto(LIST)
    it.page.route("**/row?*", lambda route: route.abort())
    it.page.get_by_role("link", name="Изменить").first.click()
    it.seen("#toasts .bad")


def task_news(it: Stage) -> None:
    it.open(f"/tasks/{it.task}")
    it.tell()
    it.seen(".happened")


def task_news_shown(it: Stage) -> None:
    it.page.locator(".happened").get_by_role("link").click()
    it.seen("li.task-entry:last-child", TEXT)


def internal(it: Stage) -> None:
    steps.comment_box(it.page).fill("**Ищу** кабель")
    steps.comment_form(it.page).get_by_text("Внутренний комментарий").click()
    steps.compose_tools(it.page).get_by_role("button", name="Предпросмотр").click()
    it.seen(".preview strong")


def mention(it: Stage) -> None:
    it.page.goto(f"/tasks/{it.task}")
    steps.comment_box(it.page).press_sequentially("@б")
    it.seen("#mentions-list [role=option]")


def other_statuses(it: Stage) -> None:
    it.page.goto(f"/tasks/{it.task}")
    it.page.locator(".compose-send summary").click()
    it.seen(".compose-send details button")


def file_chosen(it: Stage) -> None:
    file = {"name": "план.txt", "mimeType": "text/plain", "buffer": b"x"}
    it.page.locator("form.compose input[type=file]").set_input_files(file)
    it.seen("form.compose output button")


def draft(it: Stage) -> None:
    it.anna.put(f"/drafts/task:{it.task}:comments", data={"comment": TEXT}).raise_for_status()
    it.page.goto(f"/tasks/{it.task}")
    it.seen(".draft")


def task_gone(it: Stage) -> None:
    it.open(f"/tasks/{it.task}")
    it.admin.delete(f"/tasks/api/task/{it.task}").raise_for_status()
    it.seen(".happened", "удалена")


def card_news(it: Stage) -> None:
    it.open(BOARD)
    it.tell()
    it.seen(f"#card-{it.task}.news")


def card_comes(it: Stage) -> None:
    mine = it.anna.get(f"/tasks/api/task/{it.task}").json()
    task = {"project_id": mine["project"]["id"], "subject": "Новая карточка", "assigned_to_id": mine["assignee"]["id"]}
    it.admin.post("/tasks/api/task", json=task).raise_for_status()
    it.seen(".card", "Новая карточка")


def card_held(it: Stage) -> None:
    boards.card(it.page, it.task).locator(".subject").focus()
    it.page.keyboard.press("Space")
    boards.knows_where(it.page)


def card_moved(it: Stage) -> None:
    it.page.keyboard.press("ArrowRight")
    it.page.keyboard.press("Space")
    it.seen("#toasts button", "Вернуть")


def tray(it: Stage) -> None:
    it.page.goto(BOARD)
    boards.open_tray(it.page, it.other)


def tray_refused(it: Stage) -> None:
    it.put(it.boris, it.other, "Приостановлена")
    it.page.locator(".tray .move button").first.click()
    it.seen(".tray [role=alert]")


def panel(it: Stage) -> None:
    it.page.goto("/tasks/board")
    boards.card(it.page, it.other).locator(".subject").click()
    it.seen("#panel .compose")


def board_filters(it: Stage) -> None:
    it.page.goto(f"{BOARD}&lanes=priority")
    it.page.locator(".board-filter summary").click()
    it.seen(".board-filter select")


def board_compact(it: Stage) -> None:
    it.page.goto(BOARD)
    it.page.get_by_role("link", name="Компактно").click()
    it.page.locator(".fold").first.click()
    it.seen(".column.folded")


def notifications(it: Stage) -> None:
    for task in (it.task, it.other):
        it.tell(task)
    steps.wait_for_unread(it.anna, 2)
    it.open("/notifications")


def notification_comes(it: Stage) -> None:
    it.tell()
    expect(it.page.locator("#how-many")).to_contain_text("3 непрочит")


def one_read(it: Stage) -> None:
    it.page.locator("main").get_by_role("button", name="Отметить прочитанным").first.click()
    expect(it.page.locator("#how-many")).to_contain_text("2 непрочит")


def all_read(it: Stage) -> None:
    it.page.get_by_role("button", name="Отметить все прочитанными").click()
    it.seen("main button", "Вернуть непрочитанными")


def flashed(it: Stage) -> None:
    it.page.goto("/notifications/preferences")
    it.page.locator("#preferences").evaluate("(form) => form.submit()")
    it.seen("#toasts .good")


def own_right_asked(it: Stage) -> None:
    it.page.goto("/admin/people/1")
    it.page.get_by_role("switch", name="Администрирование").click()
    it.seen("#right-is_admin .danger")


def account_refused(it: Stage) -> None:
    it.page.goto("/admin/people/new")
    it.page.get_by_label("Логин").fill("anna")
    it.page.get_by_role("button", name="Создать учётную запись").click()
    it.seen(".fault")


def account_made(it: Stage) -> None:
    it.page.get_by_label("Логин").fill("vera")
    it.page.get_by_role("button", name="Создать учётную запись").click()
    it.seen("#password-link")


def join_previewed(it: Stage) -> None:
    it.page.goto("/admin/people/2")
    it.page.get_by_label("Логин другой учётной записи").fill("vera")
    it.page.get_by_role("button", name="Показать, что будет перенесено").click()
    it.seen("h3", "vera")


def store_down(it: Stage) -> None:
    with closing(sqlite3.connect(it.helpdesk.folder / "data" / STORE)) as store:
        store.execute("ALTER TABLE tracker_entry RENAME TO elsewhere")
    it.page.goto(f"/tasks/{it.other}")
    it.seen("h1", "")


def store_of(it: Stage) -> Database:
    return Database(f"sqlite:///{it.helpdesk.folder / 'data' / STORE}")


def no_host(it: Stage) -> None:
    with closing(store_of(it)) as store:
        monitored.emptied(store)
    it.page.goto("/netmonitor")
    it.seen(".empty h2")


def many_hosts(it: Stage) -> None:
    with closing(store_of(it)) as store:
        watched.company(store)
    it.page.goto("/netmonitor")
    it.seen("table.hosts")
    it.seen("[data-own=fine]")


def in_maintenance(it: Stage) -> None:
    ends = (date.today() + timedelta(days=2)).isoformat()
    it.admin.post("/netmonitor/maintenance", json={"of": "all", "ends_at": ends, "reason": "Работы"}).raise_for_status()
    it.page.goto("/netmonitor")
    it.seen(".host-maintenance")


def windows(it: Stage) -> None:
    it.page.goto("/netmonitor/maintenance")
    it.page.get_by_label("Зачем").fill("Замена")
    it.page.get_by_label("Конец").fill("2020-01-01T10:00")
    it.page.get_by_role("button", name="Назначить окно").click()
    it.seen("#window-ends_at-fault")
    it.page.get_by_role("button", name="Завершить сейчас").click()
    it.seen("h2", "Завершены")


def all_down(it: Stage) -> None:
    with closing(store_of(it)) as store:
        lost = sa.update(table(HostState)).values(status="offline", ms=None, fault="silent")
        store.run_here(lambda db: db.execute(lost), writes=True)
    it.page.goto("/netmonitor")
    it.seen(".monitor-down li")


def a_host(it: Stage) -> None:
    it.page.locator(".monitor-down a").first.click()
    it.seen("#host-now")
    it.page.get_by_text("Написать заметку").first.click()


def note_refused(it: Stage) -> None:
    area = it.page.get_by_label("Что выяснилось").first
    area.evaluate("(it) => it.removeAttribute('maxlength')")
    area.fill("я" * 10_001)
    it.page.get_by_role("button", name="Сохранить заметку").first.click()
    it.seen("[aria-invalid=true]")


def host_refused(it: Stage) -> None:
    it.page.goto("/netmonitor/hosts/new")
    it.page.get_by_label("Название").fill("Шлюз")
    it.page.get_by_label("Адрес").fill("не адрес")
    it.page.get_by_role("button", name="Добавить узел").click()
    it.seen("#host-address-fault")


def host_in_conflict(it: Stage) -> None:
    added = it.admin.get("/netmonitor/hosts").json()["hosts"][0]
    it.page.goto(f"/netmonitor/hosts/{added['id']}")
    it.admin.post(f"/netmonitor/hosts/{added['id']}", json={"group_name": "Новая группа"}).raise_for_status()
    it.page.get_by_label("Группа").fill("Другая группа")
    it.page.get_by_role("button", name="Сохранить").click()
    it.seen(".monitor-theirs")


def host_removal(it: Stage) -> None:
    it.page.get_by_role("link", name="Удалить узел…").click()
    it.seen("[name=sure]")


def public_status(it: Stage) -> None:
    with closing(store_of(it)) as store:
        watched.down(store, "Почта", is_public=True, interval_seconds=3600)
        watched.watch(store, "Сайт", is_public=True, interval_seconds=3600)
    it.page.goto("/status")
    it.seen(".public-days")


def own_request(it: Stage, phase: str = "active") -> int:
    """The number of the request of who is signed in that changed last."""
    found = it.page.request.get(f"/requests?phase={phase}", headers={"Accept": "application/json"}).json()["requests"]
    return int(found[0]["id"])


def request_news(it: Stage) -> None:
    number = own_request(it)
    it.open(f"/requests/{number}")
    it.tell(number)
    it.seen(".happened")


def request_news_shown(it: Stage) -> None:
    it.page.locator(".happened").get_by_role("link").click()
    it.seen("li.task-entry:last-child", TEXT)


def answer_refused(it: Stage) -> None:
    it.page.locator(".compose-send button").click()
    it.seen("form.compose .fault")


def answer_begun(it: Stage) -> None:
    number = own_request(it, "waiting")
    it.page.request.put(f"/drafts/request:{number}:show", form={"comment": TEXT})
    it.page.goto(f"/requests/{number}")
    it.seen(".draft")


def thanks_refused(it: Stage) -> None:
    it.page.goto(f"/requests/{own_request(it, 'done')}")
    it.page.locator(".request-solve [name=word]").fill(TEXT)
    it.page.locator(".request-solve form").evaluate("(form) => (form.noValidate = true)")
    it.page.locator(".request-solve button").click()
    it.seen(".request-solve .fault")


def thanked(it: Stage) -> None:
    it.page.locator(".request-solve [name=grade]").first.check()
    it.page.locator(".request-solve button").click()
    it.seen(".request-solve q", TEXT)


def similar_requests(it: Stage) -> None:
    it.page.goto("/requests/new")
    it.page.get_by_label("В двух словах").press_sequentially("принтер")
    it.seen(".request-similar a", "ринтер")


def request_refused(it: Stage) -> None:
    it.page.locator("#new-request").evaluate("(form) => (form.noValidate = true)")
    it.page.locator("#new-request-save").click()
    it.seen("#new-request [role=alert]")


def category_refused(it: Stage) -> None:
    it.page.get_by_label("Название").fill("Пропуска")
    it.page.locator("form.reply").evaluate("(form) => (form.noValidate = true)")
    it.page.get_by_role("button", name="Добавить категорию").click()
    it.seen("form.reply .fault")


def category_added(it: Stage) -> None:
    for name in ("Пропуска", "Техника"):
        it.page.get_by_label("Название").fill(name)
        it.page.get_by_label("Проект").select_option(index=1)
        it.page.get_by_role("button", name="Добавить категорию").click()
        it.seen(".categories a", name)


def category_in_conflict(it: Stage) -> None:
    it.page.locator(".categories a").first.click()
    it.seen("h1", "Пропуска")
    address = it.page.url
    values = it.admin.get(address).json()
    it.admin.post(address, json={**values, "name": "Пропуска и ключи"}).raise_for_status()
    it.page.get_by_role("button", name="Сохранить").click()
    it.seen("[role=alert]", "Пропуска и ключи")


def absence_refused(it: Stage) -> None:
    it.page.goto("/users/absence")
    it.page.locator("form.reply").evaluate("(form) => (form.noValidate = true)")
    it.page.get_by_label("Заместитель").fill("никто")
    it.page.get_by_role("button", name="Сохранить").click()
    it.seen("form.reply .fault")


def absent(it: Stage) -> None:
    soon = (date.today() + timedelta(5)).isoformat()
    it.boris.post("/users/absence", json={"until": soon, "deputy": "anna"}).raise_for_status()
    it.anna.post("/users/absence", json={"until": soon, "deputy": "boris"}).raise_for_status()
    it.page.goto("/users/absence")


def task_of_absent(it: Stage) -> None:
    it.page.goto(f"/tasks/{it.task}")
    it.seen(f"#away-{it.task}")


def handing_refused(it: Stage) -> None:
    it.page.goto("/users/hand-over")
    it.page.get_by_label("Кому").fill("никто")
    it.page.get_by_role("button", name="Передать все открытые задачи").click()
    it.seen("form.reply .fault")


def handed_in_vain(it: Stage) -> None:
    it.page.get_by_label("Кому").fill("irina")
    it.page.get_by_role("button", name="Передать все открытые задачи").click()
    it.seen("#handing-refused")
    expect(it.page.get_by_role("link", name="Проверить ещё раз")).to_be_visible(timeout=60_000)


def anonymizing(it: Stage) -> None:
    it.admin.post("/admin/people/5/active", json={"active": "0"}).raise_for_status()
    it.page.goto("/admin/people/5/anonymize")


def anonymizing_refused(it: Stage) -> None:
    it.page.get_by_label("введите логин").fill("никто")
    it.page.get_by_role("button", name="Обезличить учётную запись").click()
    it.seen("form.reply .fault")


def anonymized(it: Stage) -> None:
    login = it.page.locator("label[for=anonymize-login]").inner_text().split()[-1]
    it.admin.post("/admin/people/5/anonymize", json={"login": login}).raise_for_status()
    it.page.goto("/admin/people/5/anonymize")


def word_refused(it: Stage) -> None:
    it.page.get_by_label("Название").fill("новая")
    it.page.get_by_role("button", name="Добавить", exact=True).click()
    it.seen("form.reply .fault", "Такое название уже есть")


def word_in_use(it: Stage) -> None:
    it.page.get_by_role("button", name="Удалить «В работе»").click()
    it.seen("[role=alert]", "Есть у задач")


def word_in_conflict(it: Stage) -> None:
    it.page.goto("/admin/tracker/statuses/4")
    it.admin.post("/admin/tracker/statuses/4", json={"name": TEXT, "position": 4}).raise_for_status()
    it.page.get_by_label("Название").fill("Пауза")
    it.page.get_by_role("button", name="Сохранить").click()
    it.seen("[role=alert] dd", TEXT)


def member_found(it: Stage) -> None:
    it.page.goto("/admin/tracker/projects/1")
    it.page.get_by_label("Найти людей").fill("stranger")
    it.page.locator("#main").get_by_role("button", name="Найти").click()
    it.page.get_by_role("link", name="Добавить:").first.click()
    it.seen("#opened", "stranger")


def project_archived(it: Stage) -> None:
    it.page.get_by_role("button", name="Убрать проект в архив").click()
    it.seen("main button", "Вернуть из архива")


def account_linked(it: Stage) -> None:
    it.page.goto("/admin/tracker/setup?step=people")
    for name, text in (("Логин", "olga"), ("Почта", "olga@example.test")):
        it.page.get_by_label(name, exact=True).fill(text)
    it.page.get_by_role("button", name="Добавить учётную запись").click()
    it.seen("#link", "/users/password/")


def at(address: str) -> Reach:
    return lambda it: it.page.goto(address)


def phone_form(it: Stage) -> None:
    it.open(f"/tasks/{it.task}")
    it.page.locator("#phone-sign-in summary").click()


def phone_not_ready(it: Stage) -> None:
    for field in ("agent", "extension"):
        it.page.locator(f"#phone-{field}").fill("7900")
    it.page.locator("#phone-password").fill("demo")
    it.page.locator("#phone-sign-in button").click()
    it.seen("#phone-bar .phone-state", "Не готов")


def phone_rings(it: Stage) -> None:
    it.page.locator("#phone-number").fill(CALLS_BACK)
    it.page.locator("#phone-dial").click()
    it.seen("#phone-bar button", "Ответить")


def phone_talks(it: Stage) -> None:
    it.page.locator("#phone-bar").get_by_role("button", name="Ответить").click()
    it.page.locator(".phone-call summary").click()
    it.seen("#phone-bar button", "Консультация")


def phone_consults(it: Stage) -> None:
    it.page.locator("[id^=phone-to-]").fill("1004")
    it.page.locator("#phone-bar").get_by_role("button", name="Консультация").click()
    it.seen("#phone-bar button", "Завершить перевод")


def phone_page(it: Stage) -> None:
    it.page.goto("/calls/bar")


def favourite_added(it: Stage) -> None:
    it.page.goto("/calls/favourites")
    for name, number in (("Склад", "1203"), ("Касса", "1204")):
        it.page.locator("#favourite-name").fill(name)
        it.page.locator("#favourite-number").fill(number)
        it.page.get_by_role("button", name="Добавить номер").click()
        it.seen(".kept li", name)


def favourite_refused(it: Stage) -> None:
    it.page.locator("#favourite-name").fill("Никто")
    it.page.locator("#favourite-number").fill("нет")
    it.page.get_by_role("button", name="Добавить номер").click()
    it.seen(".fault")


def team(it: Stage) -> None:
    it.page.goto("/calls/team")
    it.seen("#team h2", "Операторы")


def team_of_the_phone(it: Stage) -> None:
    agent = {"agent_id": "7950", "password": "demo", "extension": "7950"}
    it.page.request.post("/finesse/session", data=agent)
    it.page.request.get("/finesse/agent/state")
    team(it)
    it.seen("#team h2", "Очереди")


def call_log(it: Stage) -> None:
    """The last day with calls: tomorrow's demo has them, too."""
    last = it.boris.get("/calls?number=4072").json()["calls"][0]
    it.page.goto(f"/calls?date={last['began_at'][:10]}")
    it.seen(".call-log tbody tr")


def call_log_refused(it: Stage) -> None:
    it.page.goto("/calls?date=9999-99-99&outcome=x&number=x&page=0")
    it.seen("#calls-date-fault")


def call_log_empty(it: Stage) -> None:
    it.page.goto("/calls?date=2020-02-02")
    it.seen(".empty")


def a_call(it: Stage) -> None:
    calls = it.boris.get("/calls?number=4072").json()["calls"]
    it.page.goto(f"/calls/{next(it['id'] for it in calls if it['agent_id'] == 'boris')}")
    it.seen("form.call-note")


def call_link_refused(it: Stage) -> None:
    it.page.locator("#call-task").fill("999999")
    it.page.get_by_role("button", name="Связать", exact=True).click()
    it.seen("#call-task-fault")


def call_noted(it: Stage) -> None:
    a_call(it)
    it.page.locator("#call-task").fill(str(it.task))
    it.page.get_by_role("button", name="Связать", exact=True).click()
    it.page.get_by_label("Заметка").fill("Просил перезвонить после обеда")
    it.page.get_by_role("button", name="Сохранить заметку").last.click()
    it.seen("form.call-note", "Есть в задаче")


def task_with_calls(it: Stage) -> None:
    it.open(f"/tasks/{it.task}")
    it.seen(".task-side a[href^='/calls/']")


class Part(NamedTuple):
    """States of one part of the pages, who sees them, and the refusals that they need."""

    login: str
    states: Mapping[str, Reach]
    refusals: tuple[int | str, ...] = ()


PARTS = {
    "lists": Part(
        "anna",
        {
            "a row that somebody has changed": row_changed,
            "a row whose task is gone": row_gone,
        },
        (404,),
    ),
    "over any page": Part(
        "anna",
        {
            "the palette": palette,
            "the palette with nothing": palette_empty,
            "keys": keys,
            "the own menu": own_menu,
            "the widget": widget,
            "the widget with news": widget_news,
            "the widget, all read": widget_read,
            "a lost line": line_lost,
            "a message of the page before": flashed,
        },
        ("net::ERR_FAILED", "htmx: htmx:error: Failed to fetch TypeError: Failed to fetch"),
    ),
    "a task": Part(
        "anna",
        {
            "news of a task": task_news,
            "news that are shown": task_news_shown,
            "an internal comment, previewed": internal,
            "people to mention": mention,
            "other statuses": other_statuses,
            "a chosen file": file_chosen,
            "a draft": draft,
            "a task that is gone": task_gone,
        },
        (404,),
    ),
    "the board": Part(
        "anna",
        {
            "a card with news": card_news,
            "a card that has just come": card_comes,
            "a card that is held": card_held,
            "a card that was moved": card_moved,
            "a tray": tray,
            "a tray in conflict": tray_refused,
            "a task beside the board": panel,
            "filters of the board": board_filters,
            "a compact board": board_compact,
            "an empty board": at(f"{BOARD}&search=ничего-подобного"),
        },
        (409,),
    ),
    "notifications": Part(
        "anna",
        {
            "no notification": at("/notifications"),
            "nothing that is sent": at("/notifications/delivery"),
            "notifications": notifications,
            "a notification that has just come": notification_comes,
            "one that is read": one_read,
            "all read": all_read,
            "nothing unread": at("/notifications?unread_only=1"),
        },
    ),
    "a requester's": Part(
        "irina",
        {
            "a requester's list": at("/tasks?author_id=me"),
            "a requester's new task": at("/tasks/new?project_id=1"),
            "a requester's board": at("/tasks/board"),
            "a requester's palette": palette,
        },
    ),
    "requests": Part(
        "irina",
        {
            "requests": at("/requests"),
            "requests, none found": at("/requests?search=ничего-подобного"),
            "news of a request": request_news,
            "news of a request that are shown": request_news_shown,
            "an answer that is refused": answer_refused,
            "an answer that was begun": answer_begun,
            "thanks that are refused": thanks_refused,
            "thanks with a grade": thanked,
            "similar requests": similar_requests,
            "a request that is refused": request_refused,
        },
        (422,),
    ),
    "no request yet": Part("stranger", {"no request": at("/requests"), "nowhere to ask": at("/requests/new")}),
    "categories": Part(
        "admin",
        {
            "no category": at("/admin/categories"),
            "a category that is refused": category_refused,
            "categories": category_added,
            "a category in conflict": category_in_conflict,
        },
        (409, 422),
    ),
    "absence": Part(
        "anna",
        {
            "an absence that is refused": absence_refused,
            "an absence": absent,
            "the start of somebody absent": at("/"),
            "a task of somebody absent": task_of_absent,
            "a hand-over that is refused": handing_refused,
            "tasks that nobody may have": handed_in_vain,
        },
        (422,),
    ),
    "leaving": Part(
        "admin",
        {
            "tasks of somebody else": at("/admin/people/3/hand-over"),
            "an account in use": at("/admin/people/5/anonymize"),
            "an account to anonymise": anonymizing,
            "the wrong account": anonymizing_refused,
            "a number": anonymized,
            "a number among people": at("/admin/people/5"),
        },
        (422,),
    ),
    "the administration": Part(
        "admin",
        {
            "the overview": at("/admin"),
            "people": at("/admin/people"),
            "no such people": at("/admin/people?q=ничего-подобного"),
            "a person": at("/admin/people/2"),
            "the own right, asked": own_right_asked,
            "an account that is refused": account_refused,
            "an account that was made": account_made,
            "a join before it is made": join_previewed,
            "the audit": at("/admin/audit"),
            "the audit with nothing": at("/admin/audit?q=ничего-подобного"),
            "the audit, refused": at("/admin/audit?who=никто&since=вчера"),
            "no mail to many": at("/admin/mail"),
            "no channel": at("/admin/delivery"),
        },
        (422,),
    ),
    "the set-up of the task system": Part(
        "admin",
        {
            "projects": at("/admin/tracker"),
            "people for a project": member_found,
            "an archived project": project_archived,
            "roles": at("/admin/tracker/roles"),
            "a role": at("/admin/tracker/roles/1"),
            "a workflow": at("/admin/tracker/workflow"),
            "custom fields": at("/admin/tracker/fields"),
            "a custom field": at("/admin/tracker/fields/2"),
            "statuses": at("/admin/tracker/statuses"),
            "a status that is refused": word_refused,
            "a status that tasks have": word_in_use,
            "a status in conflict": word_in_conflict,
            "the first steps": at("/admin/tracker/setup"),
            "the first project": at("/admin/tracker/setup?step=project"),
            "the default set": at("/admin/tracker/setup?step=workflow"),
            "an account that was added": account_linked,
        },
        (409, 422),
    ),
    "the team of agents": Part("boris", {"without the phone": team, "on the phone": team_of_the_phone}),
    "the log of calls": Part(
        "boris",
        {
            "a day": call_log,
            "refused": call_log_refused,
            "empty": call_log_empty,
            "a call": a_call,
            "a link that is refused": call_link_refused,
            "a note in the task": call_noted,
            "its task": task_with_calls,
        },
        (422,),
    ),
    "the phone": Part(
        "boris",
        {
            "signing in": phone_form,
            "not ready": phone_not_ready,
            "a call that rings": phone_rings,
            "a call in hand": phone_talks,
            "a consultation": phone_consults,
            "its page": phone_page,
            "favourite numbers": favourite_added,
            "a number that is refused": favourite_refused,
        },
        (422,),
    ),
    "the network monitor": Part(
        "admin",
        {
            "no host": no_host,
            "no host to keep": at("/netmonitor/hosts"),
            "200 hosts": many_hosts,
            "200 hosts to keep": at("/netmonitor/hosts"),
            "maintenance": in_maintenance,
            "windows": windows,
            "all are down": all_down,
            "a host that is down": a_host,
            "a note that is refused": note_refused,
            "a host that is refused": host_refused,
            "a host in conflict": host_in_conflict,
            "a host to remove": host_removal,
            "the public page": public_status,
        },
        (409, 422),
    ),
    "errors": Part("anna", {"no store": store_down}, (503,)),
}
