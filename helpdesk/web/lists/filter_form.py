"""The filters of a list in words: the chips above it, and the choices of its form."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.lists import Vocabulary, Who
from helpdesk.tasks.projects import with_depths
from helpdesk.texts import called, named
from helpdesk.web.lists.urls import ANYBODY, CHOICES, LABELS, PEOPLE, Listing, is_day, last_day

ME, NOBODY = sentence("me"), sentence("nobody")
ANY, ANY_OPEN, SEVERAL = sentence("any"), sentence("any open"), sentence("several")
USUAL = ("", ANY)
STEP = "\N{NO-BREAK SPACE}" * 3  # kept by browsers in a choice's text, and not read out

Names = Mapping[int, str]


class Chip(NamedTuple):
    """One thing that a list is narrowed to, in words, and the address of the list without it."""

    label: Sentence
    value: str | Sentence
    without: str


class Select(NamedTuple):
    """A field of the form: values with their texts, and the value it has, in commas when the list has several."""

    name: str
    label: Sentence
    options: list[tuple[str, str | Sentence]]
    chosen: str


def chips(asked: Listing, words: Vocabulary, names: Names) -> list[Chip]:
    """What the list is narrowed to; a question mark for what this person can't know."""
    return [*_of_people(asked, names), *_of_words(asked, words), *_of_texts(asked)]


def selects(asked: Listing, words: Vocabulary, names: Names) -> list[Select]:
    """The fields of the form where one chooses. `names` are the people who may be chosen, and who are."""
    query, on_board = asked.query, asked.names_anybody
    usual_status = ("", ANY_OPEN if query._replace(status_ids=()).only_open and not on_board else ANY)
    fields = [
        _select("status", query.status_ids, ((it.id, called(it)) for it in words.statuses), usual=usual_status),
        _select("priority", query.priority_ids, ((it.id, called(it)) for it in words.priorities)),
        _select(
            "project",
            query.project_ids,
            ((it.id, STEP * depth + called(it)) for it, depth in with_depths(words.projects)),
        ),
        _select("tracker", query.tracker_ids, ((it.id, called(it)) for it in words.trackers)),
    ]
    people = sorted(((id, named(name, id)) for id, name in names.items()), key=lambda item: item[1])
    for name, field in PEOPLE.items():
        if field != asked.whose:
            special = [("me", ME), ("none", NOBODY)] if field == "assignees" else [("me", ME)]
            chosen = ["none" if who == "nobody" else who for who in getattr(query, field)]
            usual = (ANYBODY, ANY) if on_board and field == "assignees" else USUAL
            fields.append(_select(name, chosen, [*special, *people], usual))
    return fields


def _select(
    name: str,
    chosen: Iterable[object],
    choices: Iterable[tuple[int | str, str | Sentence]],
    usual: tuple[str, Sentence] = USUAL,
) -> Select:
    value = ",".join(map(str, chosen)) or usual[0]
    options: list[tuple[str, str | Sentence]] = [usual, *((str(id), text) for id, text in choices)]
    if value not in dict(options):
        options.insert(1, (value, SEVERAL if "," in value else "?"))
    return Select(f"{name}_id", LABELS[name], options, value)


def _of_people(asked: Listing, names: Names) -> Iterator[Chip]:
    for name, field in PEOPLE.items():
        people: tuple[Who, ...] = () if field == asked.whose else getattr(asked.query, field)
        for who in people:
            rest = tuple(each for each in people if each != who)
            value = ME if who == "me" else NOBODY if who == "nobody" else named(names.get(who, "?"), who)
            yield Chip(LABELS[name], value, asked.link(**{field: rest}))


def _of_words(asked: Listing, words: Vocabulary) -> Iterator[Chip]:
    for name, many in CHOICES.items():
        ids, known = getattr(asked.query, f"{name}_ids"), {it.id: called(it) for it in getattr(words, many)}
        for each in ids:
            rest = tuple(id for id in ids if id != each)
            yield Chip(LABELS[name], known.get(each, "?"), asked.link(**{f"{name}_ids": rest}))


def _of_texts(asked: Listing) -> Iterator[Chip]:
    query = asked.query
    if query.search:
        yield Chip(LABELS["search"], query.search, asked.link(search=""))
    if since := query.updated_since:
        yield Chip(LABELS["updated_since"], _moment(since), asked.link(updated_since=None))
    if created := query.created_since:
        yield Chip(LABELS["created_since"], _moment(created), asked.link(created_since=None))
    if last := last_day(query):
        yield Chip(LABELS["created_by"], _shown(last), asked.link(created_before=None))
    if query.due_by:
        yield Chip(LABELS["due_by"], _shown(query.due_by), asked.link(due_by=None))


def _moment(at: datetime) -> str:
    return _shown(at) if is_day(at) else at.strftime("%d.%m.%Y %H:%M")


def _shown(on: date) -> str:
    return on.strftime("%d.%m.%Y")
