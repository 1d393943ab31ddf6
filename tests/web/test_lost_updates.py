"""Every face names changes of others that a write replaced unseen."""

import asyncio
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from helpdesk.services import Services
from helpdesk.tasks.model import Actor, Edit, Written
from tests.web.conftest import HTML, HTMX, Client
from tests.world import FIELD_IDS, NAMES, PRIORITY_IDS, EmbeddedWorld

ROOM = FIELD_IDS["Кабинет"]
SAYS = f"{NAMES['boris']} changed this at the same moment, and yours was saved over it. "


class Overtaken:
    """A tracker in which boris changes whatever anna changes just before her, unseen."""

    def __init__(self, world: EmbeddedWorld) -> None:
        self.world, self.tracker = world, world.backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tracker, name)

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        before = await self.tracker.task(actor, task_id)
        his = Edit({"priority": PRIORITY_IDS["urgent"]}, details={"subject": "Бориса"}, custom={ROOM: ("2",)})
        await self.tracker.change(self.world.actor("boris"), task_id, his)
        written = await self.tracker.change(actor, task_id, edit._replace(version=None))
        return Written(before, written.after)


@pytest.fixture
def services(services: Services, embedded: EmbeddedWorld) -> Services:
    return replace(services, backend=Overtaken(embedded))


def toasts(fragment: str) -> list[str]:
    return [unescape(says) for says in re.findall(r'<div class="toast bad".*?<p>(.*?)</p>', fragment, re.DOTALL)]


def entry_of_boris(world: EmbeddedWorld, number: int) -> int:
    entries = asyncio.run(world.backend.task(world.actor("anna"), number)).entries
    return next(entry.id for entry in entries if entry.author and entry.author.name == NAMES["boris"])


def test_a_form_reports_its_success_and_the_replaced_change(anna: Client, number: int, embedded: EmbeddedWorld) -> None:
    answer = anna.post(f"/tasks/{number}/priority", data={"priority_id": PRIORITY_IDS["low"]}, headers=HTMX)
    assert answer.status_code == 200 and toasts(answer.text) == [f"{SAYS}Priority: normal → urgent"]
    assert "The priority was changed." in answer.text
    form = {"priority_id": PRIORITY_IDS["high"], "by": "assignee", "view": "row"}
    row = anna.post(f"/tasks/{embedded.new_task()}/row", data=form, headers=HTMX)
    assert row.status_code == 200 and len(toasts(row.text)) == 1


def test_a_page_leads_to_the_entry_it_replaced(anna: Client, embedded: EmbeddedWorld) -> None:
    for path, form in (
        ("priority", {"priority_id": PRIORITY_IDS["low"]}),
        ("row", {"priority_id": PRIORITY_IDS["low"]}),
        ("edit", {"subject": "Анны"}),
    ):
        number = embedded.new_task()
        led = anna.post(f"/tasks/{number}/{path}", data=form, headers=HTML).headers["location"]
        assert led == f"/tasks/{number}#entry-{entry_of_boris(embedded, number)}", path


def test_programs_get_sentences_only_when_a_change_was_replaced(
    anna: Client, number: int, embedded: EmbeddedWorld
) -> None:
    body = {"subject": "Анны", "custom_fields": [{"id": ROOM, "value": "3"}]}
    told = anna.put(f"/tasks/api/task/{number}", json=body).json()
    assert told["overwrote"] == [f"{SAYS}Subject: Не печатает принтер → Бориса", f"{SAYS}Кабинет: 2"]
    priority = anna.put(f"/tasks/api/task/{embedded.new_task()}/priority", json={"priority_id": PRIORITY_IDS["low"]})
    assert priority.json()["overwrote"] == [f"{SAYS}Priority: normal → urgent"]
    other = anna.put(f"/tasks/api/task/{embedded.new_task()}", json={"description": "Иначе"}).json()
    assert "overwrote" not in other
