"""The RequestSource port over Redmine: read as the owner of our key, written as the requester where that is possible.

Whoever has no account in Redmine, or may not do it there, writes through the user of REDMINE_ANONYMOUS_USER_ID.
"""

import logging
from collections.abc import Collection, Mapping
from functools import partial

from helpdesk.errors import HelpdeskError, NotAllowed, NotFound, OutcomeUnknown, sentence
from helpdesk.redmine_client import JSON, RedmineClient, part, user_id
from helpdesk.requests import addresses
from helpdesk.requests.model import Ownership, OwnTasks, Requester, Whole
from helpdesk.requests.ownership import Rules
from helpdesk.requests.source import Means
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Actor, Edit, Ref, Task
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.nameless import Nameless
from helpdesk.tasks.redmine.rest.requests import Remembered, RestOwnerships
from helpdesk.tasks.redmine.sql.requests import SqlOwnerships

log = logging.getLogger(__name__)

NOBODY = sentence(
    "You have no account in the task system, and the helpdesk has no user there to write for you. Please tell an "
    "administrator."
)
NOT_CORRECTED = sentence("This task system has no field for it that people may change.")
NOT_MARKED = sentence(
    "The task system did not take your address, so you would not see the request. Nothing was created. Please tell an "
    "administrator."
)


class RedmineRequests:
    """`system` acts by our own key, `acting` as people do; both may be the same."""

    at_once = 500
    """Their numbers fit into an address. Over REST so many come by several pages."""

    def __init__(
        self,
        system: RedmineBackend,
        acting: Backend,
        rules: Rules,
        fields: tuple[str, ...] = (),
        nameless: RedmineClient | None = None,
    ) -> None:
        self.backend, self.acting, self.rules, self.fields = system, acting, rules, fields
        self.client = system.calls.client
        self.rest = rest = RestOwnerships(system.calls, fields)
        self.system = rest.system
        self._own, self._whole = rest.own, rest.whole
        self._ownerships, self._private_files = rest.ownerships, rest.private_files
        if source := system.source:
            sql, by_sql, either = SqlOwnerships(fields), source.reader, source.or_rest
            self._own = either(by_sql(sql.own), rest.own)
            self._whole = either(by_sql(sql.whole), rest.whole)
            self._ownerships = either(by_sql(sql.ownerships), rest.ownerships)
            self._private_files = either(by_sql(sql.private_files), rest.private_files)
        self._anonymous = Remembered(self._user_for_others).get
        self.nameless = None
        if nameless is not None and rules.anonymous_id is not None:
            self.nameless = Nameless(nameless, rules.anonymous_id, self._task)

    @property
    def most_histories(self) -> int:
        """Return how many histories are read for one page: over REST each takes a call."""
        return 40 if self.backend.source and self.backend.state.kind == "full" else 8

    async def own(self, who: Requester, limit: int) -> OwnTasks:
        author = who.actor.id if who.actor and who.actor.id != self.rules.anonymous_id else None
        needles = {needle for each in who.addresses for needle in addresses.needles(each, self.rules.canonical)}
        belongs = partial(self.rules.belongs, who=who)
        return await self._own(await self.system(), belongs, author, needles if self.fields else (), limit)

    async def whole(self, task_id: int) -> Whole:
        return await self._whole(await self.system(), task_id)

    async def ownerships(self, task_ids: Collection[int]) -> Mapping[int, Ownership]:
        return await self._ownerships(await self.system(), task_ids)

    async def mark(self, task_id: int, address: str) -> None:
        """Write the first of REQUESTER_FIELDS, unless somebody filled one of them in."""
        ownership = (await self.ownerships([task_id])).get(task_id)
        if self.fields and ownership and not any(text.strip() for text in ownership.fields):
            await self._mark(task_id, address)

    async def correct(self, actor: Actor, task_id: int, gone: frozenset[str], address: str) -> None:
        """Write the first of REQUESTER_FIELDS as the actor, if it is a custom field; as in `mark` there is room for one
        address beside nobody else's."""
        number = self._custom_field
        if number is None:
            raise NotAllowed(NOT_CORRECTED)
        task = await self.acting.task(actor, task_id)
        text = ", ".join(task.custom_value(number))
        rest = addresses.without(text, gone, self.rules.canonical)
        new = rest if rest.strip() else address
        if new == text:
            return
        if number not in task.choices.custom:
            raise NotAllowed
        edit = Edit(custom={number: (new,) if new else ()}, version=task.version)
        await self.acting.change(actor, task_id, edit)

    @property
    def _custom_field(self) -> int | None:
        """Return the number of the first of REQUESTER_FIELDS; None if it is no custom field."""
        first = self.fields[0] if self.fields else ""
        return int(first.removeprefix("cf_")) if first.startswith("cf_") else None

    async def private_files(self, task_id: int) -> Mapping[int, frozenset[int]]:
        return await self._private_files(await self.system(), task_id)

    async def means(self, who: Requester, task_id: int) -> Means:
        if who.actor:
            own = await self._means_of(self.acting, who.actor, task_id)
            if own.may_answer:
                return own
        anonymous = await self._anonymous()
        if anonymous is None or not who.addresses:
            return Means()
        if anonymous.login:
            return (await self._means_of(self.backend, anonymous, task_id))._replace(is_oneself=False)
        return await self._nameless_means(task_id)

    async def _nameless_means(self, task_id: int) -> Means:
        """Return what may be done without signing in. Redmine does not tell beforehand whether that is a comment."""
        try:
            statuses = await self.nameless.statuses(task_id) if self.nameless else None
        except (NotFound, NotAllowed):
            return Means()
        return Means() if statuses is None else Means(statuses, True, True, is_oneself=False)

    async def _means_of(self, backend: Backend, actor: Actor, task_id: int) -> Means:
        try:
            task = await backend.task(actor, task_id)
        except (NotFound, NotAllowed):
            return Means()
        choices, present = task.choices, task.row.status.id
        others = tuple(it for it in choices.statuses if it.id != present)
        return Means(others, choices.may_comment, choices.may_attach, actor)

    async def write(self, who: Requester, task_id: int, means: Means, edit: Edit) -> None:
        if means.actor is None:
            if self.nameless is None or not means.may_answer:
                raise NotAllowed(NOBODY)
            await self.nameless.write(task_id, edit)
            return
        backend = self.acting if means.is_oneself else self.backend
        await backend.change(means.actor, task_id, edit)

    async def stage(self, who: Requester, upload: Upload) -> Staged:
        """Store a file as the person who may create somewhere, else as our key's owner: Redmine lets anybody attach it
        who has its token."""
        if who.actor and await self._may_create(who):
            return await self.acting.stage(who.actor, upload)
        return await self.backend.stage(await self.system(), upload)

    async def _may_create(self, who: Requester) -> bool:
        try:
            return bool(await self.own_projects(who))
        except NotAllowed:
            return False

    async def own_projects(self, who: Requester) -> tuple[Ref, ...]:
        return await self.acting.projects_for_new(who.actor) if who.actor else ()

    async def projects(self) -> frozenset[int]:
        return frozenset(it.id for it in await self.backend.projects_for_new(await self.system()))

    async def create(self, who: Requester, new_task: NewTask, address: str) -> int:
        for backend, actor in await self._authors(who):
            if not actor.login:
                return await self._create_nameless(who, new_task, actor, address)
            try:
                form = await backend.new_task_form(actor, new_task.project_id, new_task.tracker_id)
            except (NotFound, NotAllowed):
                continue
            marked = self._marked(new_task, {it.id for it in form.custom}, address)
            task = await backend.create(actor, marked)
            await self._require_owned(who, task.id, actor, address)
            return task.id
        raise NotFound if await self._anonymous() or who.actor else NotAllowed(NOBODY)

    async def _create_nameless(self, who: Requester, new_task: NewTask, actor: Actor, address: str) -> int:
        if self.nameless is None:
            raise NotAllowed(NOBODY)
        task_id = await self.nameless.create(new_task, self._field(address) if address and self.fields else {})
        await self._require_owned(who, task_id, actor, address)
        return task_id

    async def _authors(self, who: Requester) -> list[tuple[Backend, Actor]]:
        """Return as whom a request may be created, the person first."""
        anonymous = await self._anonymous() if who.addresses else None
        own: list[tuple[Backend, Actor]] = [(self.acting, who.actor)] if who.actor else []
        return own + ([(self.backend, anonymous)] if anonymous else [])

    def _marked(self, new_task: NewTask, writable: Collection[int], address: str) -> NewTask:
        """Put the address into the first of REQUESTER_FIELDS, if it is a custom field that the author may write."""
        number = self._custom_field
        if number is None or number not in writable or not address:
            return new_task
        return new_task._replace(custom={**new_task.custom, number: (address,)})

    async def _require_owned(self, who: Requester, task_id: int, author: Actor, address: str) -> None:
        """Mark the new task with the address where its author could not. Delete it again if it is not the person's."""
        failure: HelpdeskError = NotAllowed(NOT_MARKED, detail=f"issue {task_id} was deleted again")
        try:
            ownership = (await self.ownerships([task_id])).get(task_id)
            if address and self.fields and ownership and who.addresses.isdisjoint(self.rules.addresses(ownership)):
                await self._mark(task_id, address)
                ownership = (await self.ownerships([task_id])).get(task_id)
            if ownership and ownership.author == author.id and self.rules.belongs(ownership, who):
                return
        except HelpdeskError as error:
            log.exception("a new request could not be checked", extra={"task": task_id})
            failure = error
        if author == who.actor:  # it is theirs without an address, too
            return
        try:
            await self.client.delete(f"/issues/{task_id}.json", None)
        except HelpdeskError as error:
            raise OutcomeUnknown(detail=f"issue {task_id} is nobody's request, and was not deleted") from error
        raise failure

    async def _mark(self, task_id: int, address: str) -> None:
        body = {"issue": self._field(address)}
        await self.client.put(f"/issues/{task_id}.json", body, (await self.system()).login)

    def _field(self, address: str) -> JSON:
        """Return the first of REQUESTER_FIELDS with the address, in the body of a write."""
        first = self.fields[0]
        number = first.removeprefix("cf_")
        return {"custom_fields": [{"id": int(number), "value": address}]} if number != first else {first: address}

    async def _task(self, task_id: int) -> Task:
        return await self.backend.task(await self.system(), task_id)

    async def _user_for_others(self) -> Actor | None:
        """Return the user who writes for people without an account; None where none is set."""
        number = self.rules.anonymous_id
        if number is None:
            return None
        async with self.backend.calls.reading():
            try:
                user = part(await self.client.get(f"/users/{number}.json"), "user")
            except (NotFound, NotAllowed):
                return None
            return Actor(user_id(user), json_mapper.text(user, "login"))
