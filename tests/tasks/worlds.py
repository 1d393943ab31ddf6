"""The same story in every tracker: what the contract suite needs of an adapter's world."""

from collections.abc import AsyncIterator

import httpx
import pytest

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.rest import RestTracker
from tests.servers.redmine import Redmine
from tests.world import EmbeddedWorld

STATUSES = {
    "new": "Новая",
    "in_progress": "В работе",
    "resolved": "Решена",
    "waiting": "Нужен отклик",
    "closed": "Закрыта",
    "rejected": "Отклонена",
}
PRIORITIES = {"low": "Низкий", "normal": "Нормальный", "high": "Высокий", "urgent": "Срочный"}
WAYS = {
    "new": (),
    "in_progress": ("in_progress",),
    "resolved": ("in_progress", "resolved"),
    "closed": ("in_progress", "resolved", "closed"),
}


class RedmineWorld:
    """The story in a real Redmine: tasks are made over its REST API by the people themselves."""

    def __init__(self, redmine: Redmine) -> None:
        self.redmine = redmine
        self.client = RedmineClient(redmine.url, redmine.admin_key)
        self.tracker = RestTracker(self.client, "textile")
        self.http = httpx.Client(base_url=redmine.url, headers={"X-Redmine-API-Key": redmine.admin_key}, timeout=30)

    def actor(self, login: str) -> Actor:
        return Actor(self.redmine.user_ids[login], login, session=f"session of {login}")

    def name(self, login: str) -> str:
        user = self.http.get(f"/users/{self.redmine.user_ids[login]}.json").json()["user"]
        return f"{user['firstname']} {user['lastname']}"

    def status(self, name: str) -> int:
        return self.redmine.statuses[STATUSES[name]]

    def priority(self, name: str) -> int:
        return self.redmine.priorities[PRIORITIES[name]]

    def project(self, name: str) -> int:
        return self.redmine.projects[name]

    def new_task(
        self,
        subject: str = "Не печатает принтер",
        *,
        project: str = "help",
        author: str = "irina",
        assignee: str | None = "anna",
        status: str = "new",
        priority: str = "normal",
        description: str = "",
    ) -> int:
        issue = {
            "subject": subject,
            "project_id": self.project(project),
            "tracker_id": self.redmine.trackers["Поддержка"],
            "priority_id": self.priority(priority),
            "assigned_to_id": self.redmine.user_ids[assignee] if assignee else None,
            "description": description,
        }
        made = self.http.post("/issues.json", json={"issue": issue}, headers=self._as(author))
        made.raise_for_status()
        number: int = made.json()["issue"]["id"]
        for step in WAYS[status]:
            self.put(number, {"status_id": self.status(step)}, "anna")
        return number

    def put(self, number: int, issue: dict[str, object], login: str) -> None:
        """What somebody does in Redmine's own page."""
        answer = self.http.put(f"/issues/{number}.json", json={"issue": issue}, headers=self._as(login))
        answer.raise_for_status()

    def _as(self, login: str) -> dict[str, str]:
        return {"X-Redmine-Switch-User": login}


World = EmbeddedWorld | RedmineWorld


@pytest.fixture
async def redmine_world(redmine: Redmine) -> AsyncIterator[RedmineWorld]:
    world = RedmineWorld(redmine)
    yield world
    world.http.close()
    await world.client.close()


@pytest.fixture(params=["embedded", pytest.param("real redmine", marks=pytest.mark.xdist_group("redmine"))])
def world(request: pytest.FixtureRequest) -> World:
    """Each adapter's world in turn."""
    name = "embedded" if request.param == "embedded" else "redmine_world"
    found: World = request.getfixturevalue(name)
    return found
