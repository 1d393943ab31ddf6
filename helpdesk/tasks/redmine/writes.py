"""Writing to one task over Redmine's REST API, as the person, so that Redmine's own history names that person."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from helpdesk.errors import Conflict, Invalid, NotAllowed, NotFound
from helpdesk.redmine_client import JSON, RedmineClient
from helpdesk.tasks.files import Staged
from helpdesk.tasks.model import Actor, Edit, Task, Written
from helpdesk.tasks.redmine import writing
from helpdesk.tasks.redmine.asking import Once
from helpdesk.tasks.redmine.one_task import OneTask
from helpdesk.tasks.redmine.turns import Turns


class Writes(OneTask):
    def __init__(self, client: RedmineClient) -> None:
        super().__init__(client)
        self.turns = Turns()

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        """Who names no version did not ask what others change meanwhile: then what Redmine refused for that is tried
        once more, upon the task as it is by then."""
        async with self.writing(actor) as once, self.turns.of(task_id):
            before = await self._task(actor, task_id)
            try:
                written = await self._change(once, actor, before, edit)
            except Conflict as stale:
                if edit.version is not None or not isinstance(stale.current, Task):
                    raise
                written = await self._change(once, actor, stale.current, edit)
            if writing.ignored(written, edit, actor):
                # REST tells a task's fields and its history as they were at different moments: it may be told now.
                written = written._replace(after=await self._task(actor, task_id))
        return _kept(once, written, lambda: writing.require_changed(written, edit, actor))

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        def write(before: Task) -> Awaitable[None]:
            return self._put(actor, before, writing.commenting(before, text, private))

        def require_kept(written: Written) -> None:
            if not writing.tells(written, actor, text, private):
                raise NotAllowed(detail=f"the comment on {task_id} was not kept as it was sent")

        return await self._write(actor, task_id, write, require_kept)

    async def edit_comment(self, actor: Actor, task_id: int, entry_id: int, text: str) -> Written:
        def write(before: Task) -> Awaitable[None]:
            body = {"journal": writing.rewriting(before, entry_id, text)}
            return self.client.put(f"/journals/{entry_id}.json", body, actor.login)

        def require_kept(written: Written) -> None:
            if not writing.is_rewritten(written.after, entry_id, text):
                raise NotAllowed(detail=f"Redmine ignored the new text of {entry_id} of {task_id}")

        return await self._write(actor, task_id, write, require_kept)

    async def watch(self, actor: Actor, task_id: int, watching: bool) -> Task:
        """Whoever sees a task may watch it (WatchersController#watch), but REST asks for permissions over the watchers
        of others (#create, #destroy): for people without them our administrator's key makes the change."""
        async with self.writing(actor) as once:
            before = await self._task(actor, task_id)
            if before.watched == watching:
                return before
            await once.send(
                self._set_watching(actor, task_id, watching, await self._watches_as(actor, before, watching))
            )
            after = await self._task(actor, task_id)
        if after.watched != watching:
            raise once.missing(NotAllowed(detail=f"Redmine did not let {actor.id} watch {task_id}, or no longer"))
        return after

    async def delete(self, actor: Actor, task_id: int) -> None:
        async with self.writing(actor) as once:
            if not (await self._task(actor, task_id)).choices.may_delete:
                raise NotAllowed
            await once.send(self.client.delete(f"/issues/{task_id}.json", actor.login))
            is_gone = await self._is_gone(actor, task_id)
        if not is_gone:
            raise once.missing(NotAllowed(detail=f"Redmine did not delete {task_id}"))

    async def _write(
        self,
        actor: Actor,
        task_id: int,
        write: Callable[[Task], Awaitable[object]],
        require_kept: Callable[[Written], None],
    ) -> Written:
        """Look, write once, look again; `write` refuses before it gives what is to be awaited."""
        async with self.writing(actor) as once:
            before = await self._task(actor, task_id)
            await once.send(write(before))
            written = Written(before, await self._task(actor, task_id))
        return _kept(once, written, lambda: require_kept(written))

    async def _change(self, once: Once, actor: Actor, before: Task, edit: Edit) -> Written:
        """Raises Conflict with the present task also when Redmine refused the lock."""
        before = await self._settled(actor, before, edit)
        body = writing.changing(before, edit)
        try:
            await once.send(self._put(actor, before, body, edit.files))
        except Conflict as stale:
            raise Conflict(await self._task(actor, before.id)) from stale
        return Written(before, await self._task(actor, before.id))

    async def _settled(self, actor: Actor, task: Task, edit: Edit) -> Task:
        """The task, read anew after the second of its last change where a change could still hide in that second."""
        while seconds := writing.unsettled(task, edit, datetime.now(UTC)):
            await asyncio.sleep(seconds)
            task = await self._task(actor, task.id)
        return task

    async def _put(self, actor: Actor, before: Task, body: JSON, files: Sequence[Staged] = ()) -> None:
        try:
            await self.client.put(f"/issues/{before.id}.json", {"issue": body}, actor.login)
        except Invalid as error:
            raise writing.refusal(error, files) from error

    async def _set_watching(self, actor: Actor, task_id: int, watching: bool, as_login: str | None) -> None:
        path = f"/issues/{task_id}/watchers"
        if watching:
            await self.client.post(f"{path}.json", {"user_id": actor.id}, as_login)
        else:
            await self.client.delete(f"{path}/{actor.id}.json", as_login)

    async def _watches_as(self, actor: Actor, task: Task, watching: bool) -> str | None:
        if not task.choices.may_watch:
            raise NotAllowed
        may = await self.look_up.rights_in(await self.look_up.me(actor), task.row.project.id)
        return actor.login if may.has("add_issue_watchers" if watching else "delete_issue_watchers") else None

    async def _is_gone(self, actor: Actor, task_id: int) -> bool:
        try:
            await self._issue(actor, task_id, "")
        except NotFound:
            return True
        return False


def _kept(once: Once, written: Written, require: Callable[[], None]) -> Written:
    """What was written, once it is sure that it was. Raises what `require` raises, or that nobody knows."""
    try:
        require()
    except NotAllowed as refusal:
        raise once.missing(refusal) from None
    return written
