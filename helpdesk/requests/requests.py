"""The requests of people over a backend, read as its system actor sees the tasks and pruned to what is public.

A request is visible exactly when the system actor sees the task and it belongs to the person (`ownership.py`).
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from helpdesk.errors import Invalid, NotAllowed, NotFound, sentence
from helpdesk.people.model import SignedIn
from helpdesk.requests import activity, correction, paging, pruning
from helpdesk.requests.accounts import RequesterAccounts
from helpdesk.requests.categories import Categories
from helpdesk.requests.checks import NO_CATEGORY, refusal_of_new, require_grade, require_text, written
from helpdesk.requests.model import (
    Activity,
    Asker,
    Category,
    Grade,
    NewRequest,
    OwnTasks,
    Places,
    Request,
    Requester,
    RequestPage,
    RequestQuery,
)
from helpdesk.requests.owned import Owned
from helpdesk.requests.ownership import THREADS
from helpdesk.requests.ownership import Rules as OwnershipRules
from helpdesk.requests.signature import address_of, signed, signs
from helpdesk.requests.source import Means, RequestSource
from helpdesk.store import board, request_grades
from helpdesk.store.database import Database
from helpdesk.store.models.tables import RequestGrade
from helpdesk.tasks import colors
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.feed import Event
from helpdesk.tasks.files import Staged, Upload
from helpdesk.tasks.model import Actor, Edit, OpenFile, Status, Task, TaskRow
from helpdesk.tasks.phases import Rule, Rules, phase
from helpdesk.texts import is_blank, trimmed

MOST_COMPARED = 300
"""The most open requests that are compared with a new one, those changed last."""
NOT_ANSWERED = sentence("You can't answer this request. Please call the support.")
NOT_SOLVED = sentence("This request can't be closed from here just now. Please write an answer instead.")
CLOSED_PROJECT = sentence("No request can be created in this project.")
NO_TRACKER = sentence("There is no such type here.")


@dataclass(frozen=True)
class RequestService:
    """The port `Requests`. `key` returns the feed's key of an entry."""

    database: Database
    backend: Backend
    source: RequestSource
    accounts: RequesterAccounts
    key: Callable[[int], str]
    clock: Callable[[], datetime]

    @property
    def owned(self) -> Owned:
        return Owned(self.backend, self.source, self.rules)

    @property
    def rules(self) -> OwnershipRules:
        return self.accounts.rules

    @property
    def _categories(self) -> Categories:
        return Categories(self.database, self.source)

    async def requester(self, signed_in: SignedIn) -> Requester:
        return await self.accounts.requester(signed_in)

    async def own(self, who: Requester) -> OwnTasks:
        return await self.owned.own(who)

    async def page(self, who: Requester, query: RequestQuery, own: OwnTasks | None = None) -> RequestPage:
        own = await self.own(who) if own is None else own
        found = await self.owned.matching(own, query.search) if query.search else own
        known, rules = await self._statuses()
        ids, total, summary, phases = await THREADS.run(paging.chosen, found, query, known, rules)
        rows = await self.owned.rows(found, ids)
        return RequestPage(tuple(rows), total, query, summary, phases, len(own))

    async def _statuses(self) -> tuple[dict[int, Status], Rules]:
        """Return every status by id, and the phases that administrators gave to them."""
        columns = await self.database.run(board.columns)
        rules = {status: Rule(it.phase, it.wip_limit) for status, it in columns.items()}
        vocabulary = await self.backend.vocabulary(await self.source.system())
        return {it.id: it for it in vocabulary.statuses}, rules

    async def activity(
        self, who: Requester, since: datetime, limit: int, own: OwnTasks | None = None
    ) -> tuple[Activity, ...]:
        found: list[Activity] = []
        open_ones = await self._open(await self.own(who) if own is None else own)
        recent = [(task, it.updated_on) for task, it in open_ones.items() if it.updated_on >= since]
        for start in range(0, min(len(recent), self.source.most_histories), activity.AT_ONCE):
            some = recent[start : start + activity.AT_ONCE]
            if len(found) >= limit and found[limit - 1].at >= some[0][1]:
                break
            told = await asyncio.gather(*(self._activity(who, task, since) for task, _ in some))
            found = sorted(chain(found, *told), key=lambda it: it.at, reverse=True)
        return tuple(found[:limit])

    async def _open(self, own: OwnTasks) -> OwnTasks:
        known, _ = await self._statuses()
        return {task: it for task, it in own.items() if not known.get(it.status.id, it.status).is_closed}

    async def _activity(self, who: Requester, task_id: int, since: datetime) -> list[Activity]:
        try:
            task, private_files = await self.source.whole(task_id)
        except NotFound:  # it is gone since the list was read
            return []
        own = (entry for entry in task.entries if self._wrote(who, entry.author and entry.author.id, entry.notes))
        own_ids = {entry.id for entry in own}
        return list(activity.of_task(task, private_files, since, lambda entry: entry.id in own_ids))

    def _wrote(self, who: Requester, author_id: int | None, notes: str) -> bool:
        """Tell whether the person wrote a comment, or somebody in their name."""
        if who.actor and author_id == who.actor.id:
            return True
        return author_id == self.rules.anonymous_id and signs(who, notes, self.rules.canonical)

    async def show(self, who: Requester, task_id: int) -> Request:
        return (await self._load(who, task_id))[0]

    async def _load(self, who: Requester, task_id: int) -> tuple[Request, Means]:
        """Return a request, and what its requester may do to it. Raises NotFound."""
        task, private_files = await self.owned.whole(who, task_id)
        (known, rules), means, grade = await asyncio.gather(
            self._statuses(),
            self.source.means(who, task_id),
            self.database.run(lambda db: request_grades.of_person(db, task_id, who.person.id)),
        )
        its_phase = phase(known.get(task.row.status.id, task.row.status), rules)
        request = Request(
            row=task.row,
            phase=its_phase,
            description=task.description,
            entries=pruning.entries(task, private_files),
            files=pruning.files(task, private_files),
            is_done=its_phase == "done" or task.row.status.id in colors.resolved(known.values(), rules),
            may_answer=means.may_answer,
            reopens=pruning.reopens(task, its_phase, means, known, rules) if means.may_answer else None,
            solves=pruning.solves(task, means, rules),
            grade=_grade(grade),
        )
        return request._replace(version=await THREADS.run(pruning.version, request)), means

    async def reader(self) -> Actor:
        return await self.source.system()

    async def open_file(self, who: Requester, task_id: int, file_id: int) -> OpenFile:
        task, private_files = await self.owned.whole(who, task_id)
        if file_id not in {file.id for file in pruning.files(task, private_files)}:
            raise NotFound
        return await self.backend.open_file(await self.source.system(), task_id, file_id)

    async def stage(self, who: Requester, upload: Upload) -> Staged:
        return await self.source.stage(who, upload)

    async def answer(self, who: Requester, task_id: int, text: str, files: tuple[Staged, ...] = ()) -> Request:
        request, means = await self._load(who, task_id)
        require_text("text", text)
        if not means.may_answer or (files and not means.may_attach):
            raise NotAllowed(NOT_ANSWERED)
        comment = trimmed(text) if means.is_oneself else signed(who, text, self.rules.canonical)
        changes: Mapping[Any, int] = {"status": request.reopens.id} if request.reopens else {}
        await self.source.write(who, task_id, means, Edit(changes, comment, files=files))
        with written():
            return await self.show(who, task_id)

    async def solve(self, who: Requester, task_id: int, grade: int | None = None, word: str = "") -> Request:
        request, means = await self._load(who, task_id)
        require_grade(grade, word)
        if request.solves:
            await self.source.write(who, task_id, means, Edit({"status": request.solves.id}))
        elif grade is None or not request.is_done:
            raise NotAllowed(NOT_SOLVED)
        with written() if request.solves else nullcontext():
            await self._save_grade(who, task_id, grade, word)
        with written():
            return await self.show(who, task_id)

    async def _save_grade(self, who: Requester, task_id: int, grade: int | None, word: str) -> None:
        if grade is not None:
            given = grade, word.strip(), self.clock()
            await self.database.run(lambda db: request_grades.save(db, task_id, who.person.id, *given), writes=True)

    async def similar(self, who: Requester, words: str, limit: int) -> tuple[TaskRow, ...]:
        own = await self._open(await self.own(who))
        rows = await self.owned.rows(own, list(own)[:MOST_COMPARED])
        return await THREADS.run(pruning.similar, rows, words, limit)

    async def categories(self, who: Requester) -> tuple[Category, ...]:
        return await self._categories.offered(who)

    async def create(self, who: Requester, new: NewRequest) -> int:
        require_text("subject", new.subject)
        require_text("text", new.text)
        category = next((it for it in await self.categories(who) if it.id == new.category_id), None)
        if category is None:
            raise Invalid({"category_id": [NO_CATEGORY]})
        task = NewTask(
            category.project_id, trimmed(new.subject), trimmed(new.text), category.tracker_id, files=new.files
        )
        try:
            return await self.source.create(who, task, address_of(who, self.rules.canonical))
        except (NotFound, Invalid) as error:
            raise refusal_of_new(error) from error

    async def places(self) -> Places:
        vocabulary = await self.backend.vocabulary(await self.source.system())
        return Places(vocabulary.projects, vocabulary.trackers, await self.source.projects())

    async def require_place(self, project_id: int, tracker_id: int | None) -> None:
        if project_id not in await self.source.projects():
            raise Invalid({"project_id": [CLOSED_PROJECT]})
        try:
            await self.backend.new_task_form(await self.source.system(), project_id, tracker_id)
        except (NotFound, NotAllowed) as error:
            raise Invalid({"tracker_id": [NO_TRACKER]}) from error

    async def visible(self, who: Requester, task_ids: Collection[int]) -> frozenset[int]:
        return await self.owned.among(who, task_ids)

    async def requesters_of(self, event: Event) -> Sequence[Requester]:
        ownerships = await self.source.ownerships([event.task_id])
        return await self.accounts.of_task(ownerships[event.task_id]) if ownerships else ()

    async def readers(self, event: Event, people: Iterable[Requester]) -> frozenset[int]:
        own = [who for who in await self.owned.owners(event.task_id, people) if not self._did(who, event)]
        if not own or not await self._is_public(event) or not await self.owned.seen([event.task_id]):
            return frozenset()
        return frozenset(who.person.id for who in own)

    def _did(self, who: Requester, event: Event) -> bool:
        """Tell whether the event is the person's own act, or was done in their name."""
        if event.is_new and event.author is not None and event.author == self.rules.anonymous_id:
            return True
        return self._wrote(who, event.by and event.by.id, event.notes)

    async def _is_public(self, event: Event) -> bool:
        """Tell whether an event has a part that requesters may see."""
        if event.private:
            return False
        if event.is_new or event.status or not is_blank(event.notes):
            return True
        if not event.files:
            return False
        private_files = await self.source.private_files(event.task_id)
        return event.key not in {self.key(entry_id) for entry_id in private_files}

    async def asked_by(self, task: Task) -> tuple[Asker, ...]:
        ownership = (await self.source.ownerships([task.id])).get(task.id)
        if ownership is None:
            return ()
        return await self.accounts.askers(ownership.seen_with({it.field.id for it in task.custom}))

    async def add_requester(self, task_id: int, person_id: int) -> None:
        who = await self.accounts.of_person(person_id)
        address = address_of(who, self.rules.canonical) if who else ""
        ownership = (await self.source.ownerships([task_id])).get(task_id)
        if who and address and ownership and not self.rules.belongs(ownership, who):
            await self.source.mark(task_id, address)

    async def correct_requester(self, actor: Actor, task_id: int, before: int | None, after: int | None) -> None:
        await self.backend.task(actor, task_id)  # a task that the actor does not see is not found
        await correction.correct(self.source, self.accounts, actor, task_id, before, after)

    async def grades(self, task_id: int) -> tuple[Grade, ...]:
        rows = await self.database.run(lambda db: request_grades.of_task(db, task_id))
        return tuple(Grade(row.grade, row.word, row.given_at) for row in rows)


def _grade(row: RequestGrade | None) -> Grade | None:
    return Grade(row.grade, row.word, row.given_at) if row else None
