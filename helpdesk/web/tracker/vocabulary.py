"""Let administrators arrange statuses, priorities and types of tasks: three pages that are alike."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.store.tracker import vocabulary
from helpdesk.store.tracker.vocabulary import PRIORITIES, STATUSES, TYPES, Part, Word
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.request_data import Fields, path_id
from helpdesk.web.core.services import path_to
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import pages
from helpdesk.web.tracker.pages import DELETED, Fact, Work

LONGEST_NAME = 100
YES_NO = (sentence("no"), sentence("yes"))
FLAGS = {"is_default": sentence("New tasks begin with it"), "is_closed": sentence("Tasks with it are closed")}
"""What the flags of a word mean, in the order of the form."""


class Pages:
    """The pages of one part of the vocabulary. `plural` and `singular` are its names in routes and JSON."""

    def __init__(self, part: Part, plural: str, singular: str, title: Sentence, new: Sentence, about: Sentence) -> None:
        self.part, self.plural, self.singular = part, plural, singular
        self.texts = {"title": title, "new": new, "about": about}
        self._add, self._change = idempotent(self._add_once), idempotent(self._change_once)

    async def index(self, request: Request) -> Response:
        """List the words; a POST adds one."""
        if request.method == "POST":
            return await self._add(request)
        words = await pages.load(request, partial(vocabulary.all_words, part=self.part))
        return await answer(
            request,
            json=lambda: json_response(request, {self.plural: [pages.to_dict(it) for it in words]}),
            page=lambda: self._list(request),
        )

    async def edit(self, request: Request) -> Response:
        """Show one word in a form; a POST changes it."""
        if request.method == "POST":
            return await self._change(request)
        word = await self._load(request)
        return await answer(
            request,
            json=lambda: json_response(request, {self.singular: pages.to_dict(word)}),
            page=lambda: self._form(request, word, word._asdict()),
        )

    async def remove(self, request: Request) -> Response:
        """Delete a word that nothing uses."""
        number = path_id(request, "word_id")
        return await pages.write(
            request,
            lambda fields, actor: lambda db: vocabulary.remove(db, self.part, number, actor),
            refused=lambda values, error: self._list(request, {}, error),
            json=lambda _: {},
            path=lambda _: path_to(request, f"tracker:{self.plural}"),
            message=DELETED,
        )

    async def _add_once(self, request: Request) -> Response:
        def prepare(fields: Fields, actor: int) -> Work[Word]:
            wanted, place = self._input(fields, 0), pages.place_of(fields)
            return lambda db: vocabulary.add(db, self.part, wanted, actor, place is None)

        return await pages.write(
            request,
            prepare,
            refused=lambda values, error: self._list(request, values, error),
            json=lambda word: {self.singular: pages.to_dict(word)},
            path=lambda word: f"{path_to(request, f'tracker:{self.plural}')}#word-{word.id}",
            status=201,
        )

    async def _change_once(self, request: Request) -> Response:
        number = path_id(request, "word_id")

        def one(db: Session, word_id: int) -> Word:
            return vocabulary.one(db, self.part, word_id)

        def change(db: Session, wanted: Word, mark: str | None, actor: int) -> Word:
            return vocabulary.change(db, self.part, wanted, mark, actor)

        async def refused(values: Mapping[str, Any], error: HelpdeskError) -> Response:
            return await self._form(request, await self._load(request), values, error)

        return await pages.write(
            request,
            pages.changing(number, one, self._input, change),
            refused=refused,
            json=lambda word: {self.singular: pages.to_dict(word)},
            path=lambda word: f"{path_to(request, f'tracker:{self.plural}')}#word-{word.id}",
        )

    def _input(self, fields: Fields, number: int) -> Word:
        """Read a word. What is left out is no. Raises Invalid."""
        name, flags = fields.required_text("name", LONGEST_NAME).strip(), self.part.flags
        return Word(number, name, pages.place_of(fields) or 1, **{flag: fields.flag(flag) for flag in flags})

    async def _load(self, request: Request) -> Word:
        number = path_id(request, "word_id")
        return await pages.load(request, lambda db: vocabulary.one(db, self.part, number))

    async def _list(
        self, request: Request, typed: Mapping[str, Any] = {}, error: HelpdeskError | None = None
    ) -> Response:
        def read(db: Session) -> tuple[list[Word], dict[int, int]]:
            return vocabulary.all_words(db, self.part), vocabulary.used_by(db, self.part)

        words, used = await pages.load(request, read)
        return await pages.page(request, "tracker/words.html", error, **self._context(typed), listed=words, used=used)

    async def _form(
        self, request: Request, word: Word, typed: Mapping[str, Any], error: HelpdeskError | None = None
    ) -> Response:
        context = self._context(typed) | {"word": word, "mark": pages.mark_of(word)}
        return await pages.page(request, "tracker/word.html", error, self._theirs(word, typed), **context)

    def _context(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        flags = {flag: FLAGS[flag] for flag in self.part.flags}
        return {"plural": self.plural, "singular": self.singular, "texts": self.texts, "flags": flags, "typed": typed}

    def _theirs(self, word: Word, typed: Mapping[str, Any]) -> list[Fact]:
        facts: list[tuple[Fact, bool]] = [
            ((sentence("Name"), word.name), typed.get("name") != word.name),
            ((sentence("Place in the list"), str(word.position)), str(typed.get("position")) != str(word.position)),
        ]
        for flag in self.part.flags:
            is_set = bool(getattr(word, flag))
            facts.append(((FLAGS[flag], YES_NO[is_set]), bool(typed.get(flag)) != is_set))
        return pages.differing(facts)


statuses = Pages(
    STATUSES,
    "statuses",
    "status",
    sentence("Statuses"),
    sentence("A new status"),
    sentence("Where a task stands. The workflow of each role says who may move tasks from one to another."),
)
priorities = Pages(
    PRIORITIES,
    "priorities",
    "priority",
    sentence("Priorities"),
    sentence("A new priority"),
    sentence("How urgent a task is, the least urgent first."),
)
types = Pages(
    TYPES,
    "types",
    "type",
    sentence("Types"),
    sentence("A new type"),
    sentence("What kind of work a task is, such as an incident or a request."),
)
