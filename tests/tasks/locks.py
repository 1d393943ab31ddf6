"""A tracker that knows Redmine's locks, as one that reads by SQL does, for tests of what is then written over REST."""

from collections.abc import Callable

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.model import Actor, Task
from helpdesk.tasks.redmine.backend import RedmineBackend


class KnowingLocks(RedmineBackend):
    """`read_lock` tells `lock_version` of a task. It is asked first: what changes between the two is refused then."""

    def __init__(self, client: RedmineClient, read_lock: Callable[[int], int]) -> None:
        super().__init__(client, "textile")
        self.read_lock = read_lock
        self.read_plainly = self.reader.task
        self.reader.task = self.update.read_task = self._read

    async def _read(self, actor: Actor, task_id: int) -> Task:
        lock = self.read_lock(task_id)
        task = await self.read_plainly(actor, task_id)
        return task._replace(version=f"{task.version}.{lock}")
