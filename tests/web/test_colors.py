"""Colors as programs are told them, wherever a status or a priority is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpdesk.errors import Unavailable
from helpdesk.services import Services
from helpdesk.web.tasks import colors as task_colors
from tests.web.conftest import Visit
from tests.world import PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

BLUE, GREEN, RED = "#0000ff", "#00ff00", "#ff0000"


def colors(told: Any) -> Iterator[tuple[str, str]]:
    """Names with their colors, wherever they are in an answer."""
    if isinstance(told, dict):
        if "color" in told:
            yield told["name"], told["color"]
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from colors(each)


def test_a_color_means_the_same_in_every_answer(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(status="in_progress", priority="urgent"), visit("anna")
    task, resolved = f"/tasks/api/task/{number}", {"status_id": STATUS_IDS["resolved"]}
    visit("admin").post("/tasks/board/columns", json={f"phase_{STATUS_IDS['waiting']}": "waiting"}).raise_for_status()
    told = [
        anna.get("/api/redmine/statuses"),
        anna.get(task),
        anna.get("/tasks/new?project_id=1"),
        anna.put(f"{task}/status", json={**resolved, "lock_version": "1"}),
        anna.put(f"{task}/status", json=resolved),
        anna.put(f"{task}/priority", json={"priority_id": PRIORITY_IDS["low"]}),
        anna.post(f"/tasks/{number}/row", json={"priority_id": PRIORITY_IDS["urgent"]}),
    ]
    found = {each for answer in told for each in colors(answer.json())}
    assert {("new", BLUE), ("resolved", GREEN), ("urgent", RED)} <= found
    assert len(found) == len({name for name, _ in found}) == len(STATUS_IDS) + len(PRIORITY_IDS)
    assert len({dict(found)[name] for name in ("new", "in_progress", "resolved", "waiting", "closed")}) == 5


def test_a_setting_names_other_colors(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, named = embedded.new_task(priority="urgent"), {"status:1": "#123456", "priority:4": "#abcdef"}
    told = visit("anna", colors=named).get(f"/tasks/api/task/{number}").json()
    assert (told["status"]["color"], told["priority"]["color"]) == ("#123456", "#abcdef")


@pytest.mark.parametrize(
    "broken",
    [lambda services: (services.backend, "vocabulary"), lambda services: (task_colors, "load_phase_rules")],
    ids=["the backend is silent", "our store is silent"],
)
def test_no_answer_fails_for_its_colors(
    visit: Visit,
    services: Services,
    embedded: EmbeddedWorld,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[[Services], tuple[object, str]],
) -> None:
    async def silent(*_: object) -> None:
        raise Unavailable

    number = embedded.new_task(status="in_progress")
    monkeypatch.setattr(*broken(services), silent)
    body = {"status_id": STATUS_IDS["resolved"]}
    told = visit("anna").put(f"/tasks/api/task/{number}/status", json=body).json()
    assert told["success"] and told["task"]["status"]["color"] == GREEN
