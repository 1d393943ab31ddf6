"""Write to Redmine without signing in, as its anonymous user, who has no login to act as.

Redmine answers 204 to what it ignores, so each write is read back as the owner of our key.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from helpdesk.errors import Invalid, NotAllowed, OutcomeUnknown, WrongKey, sentence
from helpdesk.redmine_client import JSON, Answer, RedmineClient, Unanswered, json_object, part
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.files import Staged
from helpdesk.tasks.model import Edit, Status, Task
from helpdesk.tasks.redmine.rest import json_mapper, payloads
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.metadata_cache import items

ReadTask = Callable[[int], Awaitable[Task]]
REFUSED = sentence(
    "The task system does not let people without an account there do this. Please tell an administrator."
)


class Nameless:
    """`client` has no key. `number` is the anonymous user's, whom the history names; `read_task` reads as our key."""

    def __init__(self, client: RedmineClient, number: int, read_task: ReadTask) -> None:
        self.client, self.number, self.read_task = client, number, read_task
        self.calls = RestCalls(client)

    async def statuses(self, task_id: int) -> tuple[Status, ...]:
        """Return the statuses to which the anonymous user may move a task. Raises NotFound, NotAllowed."""
        async with self.calls.reading():
            with _refusals():
                answer = await self.client.get(f"/issues/{task_id}.json", None, [("include", "allowed_statuses")])
            issue = part(answer, "issue")
            present = json_mapper.ref(issue["status"]).id
            offered = (json_mapper.status(it) for it in items(issue, "allowed_statuses"))
            return tuple(it for it in offered if it.id != present)

    async def write(self, task_id: int, edit: Edit) -> None:
        """Write a comment, files and a status. Raises NotAllowed, Invalid, OutcomeUnknown."""
        body: JSON = {"notes": edit.comment, "uploads": payloads.uploads(edit.files)}
        if "status" in edit.changes:
            body["status_id"] = edit.changes["status"]
        before, is_lost = await self.read_task(task_id), False
        try:
            await self._send("PUT", f"/issues/{task_id}.json", body, edit.files)
        except Unanswered:
            is_lost = True
        if not self._is_written(before, await self.read_task(task_id), edit):
            raise OutcomeUnknown(detail=f"{task_id}: no answer") if is_lost else NotAllowed(REFUSED)

    def _is_written(self, before: Task, after: Task, edit: Edit) -> bool:
        known = {entry.id for entry in before.entries}
        new = [it for it in after.entries if it.id not in known and it.author and it.author.id == self.number]
        wanted = json_mapper.plain(edit.comment).strip()
        if wanted:
            return any(entry.notes.strip() == wanted for entry in new)
        return edit.changes.get("status") == after.row.status.id

    async def create(self, new_task: NewTask, marked: JSON) -> int:
        """Create a task and return its id; `marked` are further fields. Raises NotFound, NotAllowed, Invalid."""
        body: JSON = {
            "project_id": new_task.project_id,
            "subject": new_task.subject.strip(),
            "description": new_task.description,
            "uploads": payloads.uploads(new_task.files),
        } | marked
        if new_task.tracker_id is not None:
            body["tracker_id"] = new_task.tracker_id
        try:
            answer = await self._send("POST", "/issues.json", body, new_task.files)
        except Unanswered as error:
            raise OutcomeUnknown(detail=error.detail) from error
        return json_mapper.number(part(json_object("/issues.json", answer), "issue"), "id")

    async def _send(self, method: str, path: str, issue: JSON, files: tuple[Staged, ...]) -> Answer:
        headers = self.client.headers(None)
        try:
            with _refusals():
                return await self.client.send(method, path, headers=headers, json={"issue": issue})
        except Invalid as error:
            raise payloads.refusal(error, files) from error


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise NotAllowed where Redmine wants a sign-in, or forbids it."""
    try:
        yield
    except (WrongKey, NotAllowed) as error:
        raise NotAllowed(REFUSED, detail=error.detail) from error
