"""The pages of systems, and what programs are told of them, over an imitated Redmine that breaks."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlmodel import Session

from helpdesk.errors import Sentence
from helpdesk.health import Check, Trouble
from helpdesk.services import Services
from helpdesk.store.models.tables import Person
from helpdesk.store.system_health import Sample, State
from helpdesk.texts import in_english
from helpdesk.web.admin import systems as pages
from helpdesk.web.admin.durations import duration
from helpdesk.web.admin.line_chart import HEIGHT, WIDTH, chart
from tests.clocks import NOON, Clock
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS

TEST = "/admin/systems/redmine/test"
BROKEN = Trouble(Sentence("it refuses our key"), Sentence("Check REDMINE_API_KEY, <b>&."))


class Redmine:
    """A system named Redmine, which is broken or not."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None

    async def look(self) -> float:
        if self.trouble:
            raise self.trouble
        return 0.25


@pytest.fixture
def redmine(services: Services) -> Redmine:
    redmine = Redmine()
    services.system_monitor.checks = {
        "database": services.system_monitor.checks["database"],
        "redmine": Check("redmine", redmine.look),
    }
    return redmine


@pytest.fixture
def admin(redmine: Redmine, visit: Visit) -> Client:
    return visit("admin")


def test_a_broken_system_is_shown_and_so_is_its_return(admin: Client, redmine: Redmine) -> None:
    first = admin.get("/admin/health").json()
    assert first["overall_status"] == "healthy" and first["services"]["ldap"]["status"] == "unknown"
    assert first["services"]["database"]["status"] == "up" and first["last_updated"].endswith("Z")
    told = first["services"]["redmine"]
    assert told.keys() == {"status", "response_time", "last_check", "error"}
    assert (told["status"], told["response_time"], told["error"]) == ("up", 0.25, None)
    redmine.trouble = BROKEN
    assert admin.get("/admin/health").json() | {"execution_time": 0} == first | {"execution_time": 0}  # until it is due
    assert admin.post(TEST, headers=HTML).headers["location"] == "/admin/systems#system-redmine"
    page = admin.get("/admin/systems", headers=HTML).text
    row = parsed(page).one(lambda it: it.get("id") == "system-redmine").text
    assert "does not work" in row and "it refuses our key. Check REDMINE_API_KEY, <b>&." in row
    assert "Redmine was checked: does not work." in page and "1 check failed" in page
    told = admin.get("/admin/health").json()
    assert told["overall_status"] == "down" and told["services"]["redmine"]["status"] == "down"
    assert told["services"]["redmine"]["error"].startswith("it refuses our key")
    redmine.trouble = None
    row = admin.post(TEST, headers=HTMX).text
    assert row.startswith("<li") and "works" in row and "Its last error" in row
    assert admin.get("/admin/health").json()["overall_status"] == "healthy"


def test_administrators_are_notified_and_the_notification_leads_to_the_systems(
    admin: Client, redmine: Redmine, visit: Visit, services: Services, clock: Clock
) -> None:
    services.system_monitor.clock = clock.now

    def check_for_a_minute() -> None:
        for _ in range(3):
            clock.pass_(40)
            admin.post(TEST)

    redmine.trouble = BROKEN
    check_for_a_minute()
    (item,) = admin.get("/tasks/api/notifications", headers={"Accept-Language": "en"}).json()["notifications"]
    assert (item["type"], item["issue_id"], item["old_subj"]) == ("system", None, "")
    assert item["title"] == "Redmine does not work" and "Systems" in item["message"]
    page = admin.get("/notifications", headers=HTML).text
    assert "Redmine does not work" in page and "#0" not in page and "data-task" not in page
    link = f"/notifications/{item['id']}"
    assert admin.get(link, headers={**HTML, "Sec-Fetch-Mode": "navigate"}).headers["location"] == "/admin/systems"
    redmine.trouble = None
    check_for_a_minute()
    assert [it["title"] for it in admin.get("/tasks/api/notifications", headers={"Accept-Language": "ru"}).json()[
        "notifications"
    ]] == ["Redmine: снова работает", "Redmine: не работает"]  # fmt: skip
    assert visit("anna").get("/tasks/api/notifications").json()["total_count"] == 0


def test_redmine_is_tested_at_once(admin: Client, redmine: Redmine, visit: Visit) -> None:
    well = admin.get("/admin/redmine-test")
    assert (well.status_code, well.json()["status"], well.json()["response_time"]) == (200, "up", 0.25)
    redmine.trouble = BROKEN
    ill = admin.get("/admin/redmine-test", headers={"Accept-Language": "en"})
    assert (ill.status_code, ill.json()["success"], ill.json()["error"]) == (503, False, "unavailable")
    assert ill.json()["message"].startswith("it refuses our key")
    shown = admin.get("/admin/redmine-test", headers=HTML)
    assert shown.status_code == 503 and "it refuses our key" in shown.text


def test_without_redmine_there_is_nothing_to_test(visit: Visit) -> None:
    admin = visit("admin")
    assert admin.get("/admin/redmine-test").json()["error"] == "not_configured"
    for name in ("redmine", "nothing", "x" * 3_000):
        assert admin.post(f"/admin/systems/{name}/test").status_code == 404


@pytest.mark.parametrize("address", ["/admin/systems", "/admin/health", "/admin/redmine-test"])
def test_others_are_refused(visit: Visit, redmine: Redmine, address: str) -> None:
    anna, checked = visit("anna"), []
    redmine.look = lambda: checked.append(1)  # type: ignore[assignment,method-assign,return-value]  # never called
    for headers in ({}, HTML):
        assert anna.get(address, headers=headers).status_code == 403
    assert anna.post(TEST).status_code == 403 and not checked
    assert visit("admin").post(TEST, headers={"Origin": "https://evil.test"}).status_code == 403


STATES = {"up": State("up"), "down": State("down")}


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ({}, "healthy"),
        ({"database": "up", "redmine": "up"}, "healthy"),
        ({"database": "down"}, "down"),
        ({"redmine": "down"}, "down"),
        ({"redmine": "down", "mysql": "up"}, "degraded"),
        ({"redmine": "down", "mysql": "down"}, "down"),
        ({"redmine": "up", "ldap": "down"}, "degraded"),
    ],
)
def test_the_whole_is_down_when_tasks_can_not_be_read(states: dict[str, str], whole: str) -> None:
    assert pages.overall({name: STATES[status] for name, status in states.items()}) == whole


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (set(), "Everything works."),
        ({"feed"}, "Tasks can be worked on."),
        ({"redmine"}, "Tasks can be read, not changed."),
        ({"redmine", "mysql"}, "Tasks can't be worked on"),
    ],
)
def test_the_page_says_what_can_be_done_with_tasks(
    visit: Visit, services: Services, broken: set[str], said: str
) -> None:
    def check(name: str) -> Check:
        async def look() -> None:
            if name in broken:
                raise BROKEN

        return Check(name, look)

    services.system_monitor.checks = {name: check(name) for name in ("redmine", "mysql", "feed")}
    assert said in unescape(visit("admin").get("/admin/systems", headers=HTML).text)


def samples(*each: tuple[float, float | None]) -> list[Sample]:
    """Minutes before noon, and seconds."""
    return [Sample(NOON - timedelta(minutes=minutes), seconds) for minutes, seconds in each]


def test_the_line_breaks_where_a_check_failed_or_none_was_made() -> None:
    drawn = chart(samples((70, 9.0), (50, 0.1), (49, 0.2), (48, None), (47, 0.1), (30, 0.4), (29, 0.2)), NOON)
    assert (len(drawn.lines), len(drawn.dots), len(drawn.failures)) == (2, 1, 1)
    assert (drawn.median, drawn.worst) == (0.2, 0.4)  # without what is older than an hour
    for x, y in re.findall(r"([\d.-]+),([\d.-]+)", " ".join(drawn.lines)):
        assert 0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT
    assert chart([], NOON) == ([], [], [], None, None)
    assert chart(samples((1, 0.0)), NOON).worst == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0.0 ms"), (0.0004, "0.4 ms"), (0.0123, "12 ms"), (1.24, "1.2 s"), (95, "95 s")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert in_english(duration(seconds)) == text


def test_a_page_that_needs_a_broken_directory_says_so(visit: Visit, services: Services) -> None:
    def own(db: Session) -> None:
        db.get_one(Person, PEOPLE_IDS["anna"]).source = "ldap"

    services.database.run_here(own, writes=True)
    assert "read again until" not in visit("anna").get("/users/profile", headers=HTML).text
    services.system_monitor.states = {"ldap": State("down", NOON), "oracle": State("down", NOON)}
    page = parsed(visit("anna").get("/users/profile", headers=HTML).text)
    (note,) = (it.text for it in page.of_class("state"))
    assert "LDAP has not answered since 21.11.2026 15:00" in note and "can't be read again until" in note
    assert parsed(visit("boris").get("/users/profile", headers=HTML).text).of_class("state") == []


def test_programs_are_told_what_there_is_and_no_secret(visit: Visit) -> None:
    told = visit("anna", redmine_url="https://redmine.example.test", redmine_api_key="geheim").get("/api/config")
    assert told.json()["redmine"] == {"url": "https://redmine.example.test", "api_enabled": True}
    assert "geheim" not in told.text and visit().get("/api/config").status_code == 401
