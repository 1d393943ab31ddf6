"""Change, comment, watch or delete a task over Redmine's REST API, as the person whom Redmine's history then names."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from random import random
from weakref import WeakValueDictionary

from helpdesk.errors import Conflict, Invalid, LockedOut, NotAllowed, NotFound, SavedUnseen, Unavailable
from helpdesk.redmine_client import JSON
from helpdesk.tasks.files import Staged
from helpdesk.tasks.model import Actor, Edit, Task, Written
from helpdesk.tasks.redmine.rest import payloads
from helpdesk.tasks.redmine.rest.calls import Claim, RestCalls, Write
from helpdesk.tasks.redmine.rest.issue import Issues, ReadTask
from helpdesk.tasks.redmine.rest.json_mapper import plain

ADDED = {"notes", "private_notes", "uploads"}
"""The parts of a write that overwrite nothing."""
MOST_TRIES = 8
RETRY_PAUSES = tuple(0.05 * 1.6**tries for tries in range(MOST_TRIES + 4))
"""The longest seconds between two tries of a write that overwrites nothing; the deadline of all tries is shorter."""


class TaskLocks:
    """A lock for each task that is being changed; locks that nobody holds or awaits are forgotten."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def of(self, task_id: int) -> asyncio.Lock:
        return self._locks.setdefault(task_id, asyncio.Lock())

    def __len__(self) -> int:
        return len(self._locks)


class IssueUpdate:
    """Checks, writes and reads back. `read_task` reads a task within a write: by SQL where that is possible."""

    def __init__(self, calls: RestCalls, issues: Issues, read_task: ReadTask) -> None:
        self.calls, self.client, self.users = calls, calls.client, calls.users
        self.issues, self.read_task = issues, read_task
        self.change_locks, self.put_locks = TaskLocks(), TaskLocks()

    async def change(self, actor: Actor, task_id: int, edit: Edit) -> Written:
        """Change a task. When somebody else wrote first and Redmine refuses, it is tried again on the present task, if
        other fields were changed, or `edit` names no version: then others' changes meanwhile do not matter."""
        claims = self.calls.claims.among(actor.id, task_id, plain(edit.comment).strip(), edit.private)
        async with self.calls.writing(actor) as write, write.after_others(self.change_locks.of(task_id)):
            with claims as claim:
                written = await self._merge(write, actor, await self.read_task(actor, task_id), edit)
                if payloads.ignored(written, edit, actor):
                    # REST reads a task's fields and its history at different moments: it may be there now.
                    written = written._replace(after=await self._read_after(write, actor, task_id))
                beside = payloads.made_beside(written, edit, actor)
                written = _claimed(write, claim, written, payloads.made(written, edit, actor), edit.comment)
                written = written._replace(entry_ids=written.entry_ids and written.entry_ids | beside)
        written = written._replace(file_ids=frozenset(map(payloads.file_id, edit.files)))
        try:
            payloads.require_changed(written, edit, actor)
        except NotAllowed as refusal:
            raise write.missing(refusal) from None
        return written

    async def comment(self, actor: Actor, task_id: int, text: str, private: bool = False) -> Written:
        claims = self.calls.claims.among(actor.id, task_id, plain(text).strip(), private)
        async with self.calls.writing(actor) as write:
            with claims as claim:
                before = await self.read_task(actor, task_id)
                await self._send(write, actor, before, payloads.commenting(before, text, private))
                written = Written(before, await self._read_after(write, actor, task_id))
                own = [entry.id for entry in payloads.entries_with(written, actor, text, private)]
                written = _claimed(write, claim, written, own, text)
        if not payloads.entries_with(written, actor, text, private):
            raise write.missing(NotAllowed(detail=f"the comment on {task_id} was not kept as it was sent"))
        return written

    async def edit_comment(self, actor: Actor, task_id: int, entry_id: int, text: str) -> Written:
        async with self.calls.writing(actor) as write:
            before = await self.read_task(actor, task_id)
            body = {"journal": payloads.rewriting(before, entry_id, text)}
            await write.send(self.client.put(f"/journals/{entry_id}.json", body, actor.login))
            written = Written(before, await self._read_after(write, actor, task_id))
        if not payloads.is_rewritten(written.after, entry_id, text):
            raise write.missing(NotAllowed(detail=f"Redmine ignored the new text of {entry_id} of {task_id}"))
        return written

    async def watch(self, actor: Actor, task_id: int, watching: bool) -> Task:
        """Set watching. Everybody who sees a task may watch it (WatchersController#watch), but REST asks for
        permissions over the watchers of others (#create, #destroy): for people without them our administrator's key
        makes the change."""
        async with self.calls.writing(actor) as write:
            before = await self.read_task(actor, task_id)
            if before.watched == watching:
                return before
            await write.send(
                self._set_watching(actor, task_id, watching, await self._login_to_watch_as(actor, before, watching))
            )
            after = await self.read_task(actor, task_id)
        if after.watched != watching:
            raise write.missing(NotAllowed(detail=f"Redmine did not let {actor.id} watch {task_id}, or no longer"))
        return after

    async def delete(self, actor: Actor, task_id: int) -> None:
        async with self.calls.writing(actor) as write:
            if not (await self.read_task(actor, task_id)).choices.may_delete:
                raise NotAllowed
            await write.send(self.client.delete(f"/issues/{task_id}.json", actor.login))
            try:
                is_gone = await self._is_gone(actor, task_id)
            except LockedOut:
                raise write.missing(SavedUnseen()) from None
        if not is_gone:
            raise write.missing(NotAllowed(detail=f"Redmine did not delete {task_id}"))

    async def _merge(self, write: Write, actor: Actor, before: Task, edit: Edit) -> Written:
        """Apply the edit to `before`, or to the later task until Redmine takes it."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self._change_once(write, actor, before, edit)
            except Conflict as stale:
                present, may_repeat = stale.current, edit.version is None and tries == 1
                if tries == MOST_TRIES or not isinstance(present, Task):
                    raise
                if present.version == before.version and not may_repeat:
                    raise
                before = present

    async def _change_once(self, write: Write, actor: Actor, before: Task, edit: Edit) -> Written:
        """Write the edit without merging. Raises Conflict with the present task also when Redmine refused the lock."""
        before = await self._settled(actor, before, edit)
        body = payloads.changing(before, edit)
        try:
            await self._send(write, actor, before, body, edit.files)
        except Conflict as stale:
            raise Conflict(await self.read_task(actor, before.id)) from stale
        return Written(before, await self._read_after(write, actor, before.id))

    async def _read_after(self, write: Write, actor: Actor, task_id: int) -> Task:
        """Read the task after a write. Raises SavedUnseen when the person does not see it any more."""
        try:
            return await self.read_task(actor, task_id)
        except (NotFound, LockedOut):
            raise write.missing(SavedUnseen()) from None

    async def _send(self, write: Write, actor: Actor, before: Task, body: JSON, files: Sequence[Staged] = ()) -> None:
        """Write while no other call of this process writes to the task.

        Redmine refuses a write when another one saved the task meanwhile (ActiveRecord's StaleObjectError). A write
        that overwrites nothing is sent again then.
        """
        adds_only = body.keys() <= ADDED
        for pause in RETRY_PAUSES if adds_only else RETRY_PAUSES[:1]:
            try:
                async with write.after_others(self.put_locks.of(before.id)):
                    return await write.send(self._put(actor, before, body, files))
            except Conflict:
                if not adds_only:
                    raise
                await asyncio.sleep(pause * random())
        raise Unavailable(detail=f"others wrote to {before.id} at each of {len(RETRY_PAUSES)} tries")

    async def _settled(self, actor: Actor, task: Task, edit: Edit) -> Task:
        """Return the task, read again after the second of its last change if that second could hide a change."""
        while seconds := payloads.unsettled(task, edit, datetime.now(UTC)):
            await asyncio.sleep(seconds)
            task = await self.read_task(actor, task.id)
        return task

    async def _put(self, actor: Actor, before: Task, body: JSON, files: Sequence[Staged] = ()) -> None:
        try:
            await self.client.put(f"/issues/{before.id}.json", {"issue": body}, actor.login)
        except Invalid as error:
            raise payloads.refusal(error, files) from error

    async def _set_watching(self, actor: Actor, task_id: int, watching: bool, as_login: str | None) -> None:
        path = f"/issues/{task_id}/watchers"
        if watching:
            await self.client.post(f"{path}.json", {"user_id": actor.id}, as_login)
        else:
            await self.client.delete(f"{path}/{actor.id}.json", as_login)

    async def _login_to_watch_as(self, actor: Actor, task: Task, watching: bool) -> str | None:
        """Return the login to send the change as; None for our administrator's own. Raises NotAllowed."""
        if not task.choices.may_watch:
            raise NotAllowed
        rights = await self.users.rights_in(await self.users.me(actor), task.row.project.id)
        return actor.login if rights.has("add_issue_watchers" if watching else "delete_issue_watchers") else None

    async def _is_gone(self, actor: Actor, task_id: int) -> bool:
        try:
            await self.issues.issue(actor, task_id, "")
        except NotFound:
            return True
        return False


def _claimed(write: Write, claim: Claim, written: Written, candidates: Iterable[int], text: str) -> Written:
    """Return `written` with its own entry. A comment without one was not saved; changes alone may make none."""
    number = claim.take(candidates, surely=write.lost is None)
    if number is None:
        return written._replace(entry_ids=frozenset()) if text.strip() else written
    return written._replace(entry_ids=frozenset({number}))
