"""The numbers beside the navigation's links to lists."""

import asyncio
import re

import pytest

from helpdesk.services import Services
from helpdesk.web.lists import counts
from tests.web.conftest import HTML, Client, Visit
from tests.world import PEOPLE_IDS, EmbeddedWorld

MINE = "/tasks/my-tasks"


def shown(client: Client, address: str, on: str = "/notifications") -> int | None:
    page = client.get(on, headers=HTML).text
    link = re.search(rf'<a href="{re.escape(address)}".*?</a>', page, re.DOTALL)
    assert link, f"no link to {address}"
    count = re.search(r"<b>(\d+)</b>", link[0])
    return int(count[1]) if count else None


def test_the_number_of_my_tasks_follows_what_i_write(anna: Client, embedded: EmbeddedWorld) -> None:
    first, _ = embedded.new_task("Стул"), embedded.new_task("Стол")
    assert shown(anna, MINE) == 2
    anna.post(f"/tasks/{first}/assignee", data={"assignee_id": ""}).raise_for_status()
    assert shown(anna, MINE) == 1


def test_the_number_follows_a_bulk_change(anna: Client, embedded: EmbeddedWorld) -> None:
    first, _ = embedded.new_task("Стул"), embedded.new_task("Стол")
    assert shown(anna, MINE) == 2
    updates = [{"task_id": first, "assignee_id": PEOPLE_IDS["boris"]}]
    anna.put("/tasks/api/tasks/bulk", json={"updates": updates}).raise_for_status()
    assert shown(anna, MINE) == 1


def test_another_process_counts_anew_after_a_write(visit: Visit, embedded: EmbeddedWorld) -> None:
    anna, _ = visit("anna"), embedded.new_task("Стул")
    assert shown(anna, MINE) == 1
    embedded.new_task("Стол")
    anna.cookies.set("wrote", "m1")
    assert shown(anna, MINE) == 2


def test_a_page_does_not_wait_long_for_the_numbers(
    anna: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_args: object, **_named: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(counts, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(type(services.backend), "tasks", never)
    assert shown(anna, MINE) is None


def test_a_list_and_the_number_beside_its_link_agree(anna: Client, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Стул")
    assert shown(anna, MINE) == 1
    embedded.new_task("Стол")  # by somebody else: the numbers of other pages may be half a minute old
    assert (shown(anna, MINE), shown(anna, MINE, on=MINE)) == (1, 2)


def test_a_saved_view_has_a_link_with_its_number(anna: Client, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Стул", priority="high")
    embedded.new_task("Стол")
    view = anna.post("/views", data={"name": "Важное", "address": "/tasks?search=Стул"}, headers=HTML)
    assert shown(anna, view.headers["location"]) == 1


def test_somebody_without_own_tasks_has_no_number(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Стул")
    assert shown(visit("irina"), MINE) is None
