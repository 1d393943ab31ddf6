"""Firefox, too: its tabs share a stream, hear of what others do, and complain of nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from e2e import boards, firefox, steps
from e2e.boards import Move
from e2e.conftest import AsProgram
from e2e.firefox import Firefox, Tab, until
from e2e.firefox_tabs import NewTab, come_in
from e2e.watching import Announced
from helpdesk.notifications.channels.webpush.keys import new_pair
from tests.running import Helpdesk, running_demo, running_production

TABS = 4
STREAM = "/notifications/stream"
LONG = 60  # seconds: a browser tries again ever more seldom

pytestmark = pytest.mark.xdist_group("firefox")


def is_live(tab: Tab) -> None:
    tab.shows("#fresh", "на связи")


def unread(tab: Tab, number: str, *, seconds: float = firefox.SECONDS) -> None:
    tab.shows("[data-unread]", number, seconds=seconds)


def streams_that_ended(demo: Helpdesk) -> set[str]:
    """By the server's own account: the ids of their requests."""
    lines = (demo.folder / "helpdesk.log").read_text(encoding="utf-8").splitlines()
    fields = (json.loads(it) for it in lines if it.startswith("{"))
    return {it["request_id"] for it in fields if it["logger"] == "helpdesk.requests" and it["path"] == STREAM}


def test_tabs_share_a_connection_and_outlive_the_one_that_has_it(
    new_tab: NewTab, driven: Firefox, demo: Helpdesk, as_program: AsProgram
) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    tabs = [come_in(new_tab()), *(new_tab() for _ in range(TABS - 1))]
    for tab in tabs[1:]:
        tab.go("/tasks/my-tasks")
    for tab in tabs:
        is_live(tab)
    (leading,) = firefox.unfinished(driven.told(), STREAM)
    steps.tell(boris, task["id"], "Проверил, завтра приеду.")
    for tab in tabs:
        unread(tab, "1")
        assert tab.value("() => document.title") == "(1) Мои задачи · TEZ Navigator"
    assert firefox.unfinished(driven.told(), STREAM) == [leading]

    next(tab for tab in tabs if tab.context == leading).close()
    tabs = [tab for tab in tabs if tab.context != leading]
    steps.tell(boris, task["id"], "Уже выехал.")
    for tab in tabs:
        unread(tab, "2")
    (follower,) = set(firefox.unfinished(driven.told(), STREAM)) - {leading}
    assert follower in {tab.context for tab in tabs}
    for tab in tabs:
        tab.close()
    streams = firefox.answered(driven.told(), STREAM)
    assert len(streams) >= len({leading, follower})
    until(lambda: streams <= streams_that_ended(demo), f"the ends of {len(streams)} streams")


def test_a_task_that_is_changed_says_so_and_leaves_what_is_typed(new_tab: NewTab, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"), status="В работе")
    tab = come_in(new_tab(), f"/tasks/{task['id']}")
    is_live(tab)
    tab.write("form.compose [name=comment]", "Я ещё пишу")
    steps.tell(boris, task["id"], "Заменил кабель.")
    tab.sees(".happened", "Борис Громов: изменения в этой задаче")
    assert tab.value("() => document.activeElement.matches('form.compose textarea')")
    tab.press(".happened a", "Показать")
    tab.sees(".task-history li.task-entry", "Заменил кабель.")
    until(lambda: not tab.value("() => !!document.querySelector('.happened')"), "nothing more to be shown")
    assert tab.value("() => document.querySelector('form.compose textarea').value") == "Я ещё пишу"


def test_a_status_is_changed_and_a_comment_added_in_place(new_tab: NewTab, as_program: AsProgram) -> None:
    anna = as_program("anna")
    task = steps.some_task(anna, status="В работе")
    tab = come_in(new_tab(), f"/tasks/{task['id']}")
    tab.value("() => { window.marked = true }")  # a full load of any page would wipe it away
    tab.choose("[name=status_id]", "Решена")
    tab.keys(ENTER)  # a choice made by keys waits for it
    tab.sees("#toasts", "Статус изменён.")
    tab.sees(".task-history li.task-entry", "Статус: В работе → Решена")
    tab.write("form.compose [name=comment]", "Кабель цел, дело было в розетке.")
    tab.press("form.compose .compose-send > button", "Ответить")
    tab.sees(".task-history li.task-entry", "Кабель цел, дело было в розетке.")
    assert tab.value("() => window.marked === true")
    assert steps.some_task(anna, status="Решена", search=str(task["id"]))["id"] == task["id"]
    assert "Кабель цел, дело было в розетке." in steps.notes(anna, task["id"])


def test_a_notification_read_in_one_tab_is_read_in_the_other(new_tab: NewTab, as_program: AsProgram) -> None:
    boris, task = as_program("boris"), steps.some_task(as_program("anna"))
    behind, seen = come_in(new_tab()), new_tab()
    seen.go("/tasks/my-tasks")
    for tab in (behind, seen):
        is_live(tab)
    steps.tell(boris, task["id"], "Посмотрите, пожалуйста.")
    for tab in (behind, seen):
        unread(tab, "1")
    seen.press("a.bell")
    seen.press("#widget li button", "Отметить прочитанным")
    for tab in (behind, seen):
        unread(tab, "")


def test_the_browser_complains_of_what_the_policy_forbids(
    new_tab: NewTab, driven: Firefox, announced: Announced
) -> None:
    tab = new_tab()
    tab.go("/users/login")
    tab.value("() => document.body.setAttribute('style', 'color: red')")
    until(lambda: bool(firefox.complaints(driven.told())), "a complaint")
    (said,) = firefox.complaints(driven.told())
    assert "Content-Security-Policy" in str(said)
    announced.add(said)


def test_back_on_a_task_one_sees_what_one_wrote_and_one_press_suffices(new_tab: NewTab, as_program: AsProgram) -> None:
    task = steps.some_task(as_program("anna"), status="В работе", assigned_to_id="me")
    tab = come_in(new_tab(), f"/tasks/{task['id']}")
    count = int(tab.value("() => document.querySelectorAll('li.task-entry').length"))
    for more, text in enumerate(("Записано до ухода.", "И дальше одним нажатием."), 1):
        tab.write("form.compose textarea", text)
        tab.press("form.compose .compose-send > button")
        tab.shows(f"li.task-entry:nth-child({count + more}) .text", text)
        tab.go("/tasks/statistics")
        tab.value("() => history.back()")
        tab.shows(f"li.task-entry:nth-child({count + more}) .text", text)
        assert tab.value("() => document.querySelector('form.compose textarea').value") == ""
        assert tab.value("() => document.querySelectorAll('.happened').length") == 0


class TestAServerOfItsOwn:
    """A process of its own, for it is killed."""

    @pytest.fixture
    def demo(self, tmp_path: Path, seeded: Path) -> Iterator[Helpdesk]:
        with running_demo(tmp_path, seeded) as helpdesk:
            yield helpdesk

    def test_streams_reconnect_after_a_server_was_killed(
        self, new_tab: NewTab, driven: Firefox, demo: Helpdesk, seeded: Path, announced: Announced
    ) -> None:
        announced.update({"NS_ERROR_CONNECTION_REFUSED", "NS_ERROR_NET_PARTIAL_TRANSFER"})
        tabs = [come_in(new_tab()), new_tab()]
        tabs[1].go("/tasks/my-tasks")
        for tab in tabs:
            is_live(tab)
        demo.process.kill()
        demo.process.wait()
        for tab in tabs:
            tab.shows("#fresh", "восстанавливаем связь…")
        until(lambda: "NS_ERROR_CONNECTION_REFUSED" in firefox.complaints(driven.told()), "nobody is found")
        with running_demo(demo.folder, seeded, int(demo.url.rpartition(":")[2])) as again:
            with closing(steps.program(again.url, "anna")) as anna, closing(steps.program(again.url, "boris")) as boris:
                steps.tell(boris, steps.some_task(anna)["id"], "Мы снова здесь.")
            for tab in tabs:
                unread(tab, "1", seconds=LONG)
                is_live(tab)
            tabs[-1].press(".bell")
            tabs[-1].sees("#widget li", "Мы снова здесь.")
            assert len(firefox.unfinished(driven.told(), STREAM)) == 1
            for tab in tabs:
                tab.close()


# The board in Firefox: a card moves by mouse and by keys, is refused and goes back, and says who was quicker


BOARD = "/tasks/board"
RIGHT, LEFT, ESCAPE, ENTER = "\ue014", "\ue012", "\ue00c", "\ue007"  # WebDriver's names of keys


def stands_in(tab: Tab, move: Move, status: int) -> None:
    tab.sees(f".cards[data-status='{status}'] > #card-{move.task}:not([aria-busy])")


def by_mouse(tab: Tab, move: Move, to: int, meanwhile: Callable[[], object] = lambda: None) -> None:
    tab.take(f"#card-{move.task} > .subject")
    tab.sees(".cards.no")
    meanwhile()
    tab.put(f".column[data-status='{to}'] h2")


def by_keys(tab: Tab, move: Move, to: int, meanwhile: Callable[[], object] = lambda: None) -> None:
    tab.value("(css) => document.querySelector(css).focus()", f"#card-{move.task} .subject")
    tab.keys(" ")
    tab.sees(".cards.no")
    meanwhile()
    key = RIGHT if to > move.home else LEFT  # the demo's statuses have their numbers in their order
    while not tab.value("(css) => !!document.querySelector(css)", f".cards[data-status='{to}'] > #card-{move.task}"):
        tab.keys(key)
    tab.keys(ENTER)


@pytest.mark.parametrize("moved", [by_mouse, by_keys], ids=["mouse", "keys"])
def test_a_card_moves(
    new_tab: NewTab,
    move: Move,
    as_program: AsProgram,
    moved: Callable[..., None],
    announced: Announced,
) -> None:
    announced.add(409)
    anna, boris = as_program("anna"), as_program("boris")
    tab = come_in(new_tab(), BOARD)
    tab.sees(".board.movable")
    moved(tab, move, move.target, lambda: boards.there_and_back(boris, move))
    tab.sees(f"#card-{move.task} [role=alert]", "Борис Громов")
    stands_in(tab, move, move.home)
    tab.press(f"#card-{move.task} .move button[value='{move.target}']")
    tab.sees("#toasts", "Перемещено")
    stands_in(tab, move, move.target)
    assert boards.status_of(anna, move.task) == move.target
    if moved is by_mouse:
        tab.press("#toasts form button", "Вернуть")
        stands_in(tab, move, move.home)
        by_mouse(tab, move, move.forbidden)
        tab.sees("#toasts", "Рабочий процесс не пускает туда эту задачу.")
    else:
        tab.keys(" ")
        tab.sees(".cards.no")
        tab.keys(ESCAPE)
        tab.shows("#spoken", "Возвращено на место.")
    stands_in(tab, move, boards.status_of(anna, move.task))


def test_r_in_a_list_gives_the_focus_to_the_form_of_an_answer(new_tab: NewTab) -> None:
    tab = come_in(new_tab())
    tab.sees("#tasks tr")
    tab.keys("j")
    tab.sees(".list-subject a:focus")
    tab.keys("r")
    tab.sees("textarea[name=comment]:focus")


class TestPushes:
    """Where they are set up. The service that Firefox subscribes to can't be reached from here."""

    @pytest.fixture
    def site(self, tmp_path: Path, seeded: Path) -> Iterator[str]:
        pair = new_pair()
        environ = {"VAPID_PUBLIC_KEY": pair.public, "VAPID_PRIVATE_KEY": pair.private, "VAPID_CLAIM_EMAIL": "a@b.test"}
        with running_production(tmp_path, seeded, environ) as helpdesk:
            yield helpdesk.url

    def test_the_worker_is_installed_by_a_click_and_a_service_that_is_silent_is_told_of(
        self, new_tab: NewTab, driven: Firefox, site: str
    ) -> None:
        tab = come_in(new_tab(), "/notifications/preferences")
        assert tab.value("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0
        tab.permit("notifications")
        tab.press("#push-on")
        tab.sees("[data-push-says=failed]:not([hidden])", "не отвечает")
        worker = "async () => (await navigator.serviceWorker.ready).active"
        until(lambda: tab.value(f"{worker}.state") == "activated", "the worker works")
        assert tab.value(f"{worker}.scriptURL") == f"{site}/sw.js?locale=ru"
        tab.close()
