"""Describe the filters of a list or board: the chips above it, and the selects of its form."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.lists import Vocabulary, Who
from helpdesk.tasks.projects import Project, with_depths
from helpdesk.texts import called, named
from helpdesk.web.clocks.promised import ANY_PROMISE, BY_PROMISE, PROMISE, USUAL_ORDER
from helpdesk.web.core.templating import MOMENT
from helpdesk.web.lists.urls import ANYBODY, CHOICES, LABELS, PEOPLE, Listing, is_day, last_day

ME, NOBODY = sentence("me"), sentence("nobody")
ANY, ANY_OPEN, SEVERAL = sentence("any"), sentence("any open"), sentence("several")
NO_FILTER = ("", ANY)
INDENT = "\N{NO-BREAK SPACE}" * 3  # kept by browsers in a choice's text, and not read out
SHOWN_FIELDS = ("search", "updated_since", "due_by", "closed", "sort")
"""The fields of the form beside the selects."""

PROMISES = {
    ANY_PROMISE: sentence("any, open"),
    "over": sentence("time is over"),
    "soon": sentence("three quarters have passed"),
    "running": sentence("time is left"),
    "paused": sentence("paused"),
}
"""The states of promises that lists can be filtered by."""

Names = Mapping[int, str]


class Chip(NamedTuple):
    """One filter of a list, and the address of the list without it."""

    label: Sentence
    value: str | Sentence
    without: str


class Select(NamedTuple):
    """A select of the form: values with their texts, and the present value, in commas when the list has several."""

    name: str
    label: Sentence
    options: list[tuple[str, str | Sentence]]
    value: str


def chips(listing: Listing, vocabulary: Vocabulary, names: Names, *, statuses: bool = True) -> list[Chip]:
    """Return the filters of a list; "?" stands for a name that this person can't know.

    `statuses` are left out where a tab of the list tells them.
    """
    fields = CHOICES if statuses else {name: CHOICES[name] for name in CHOICES if name != "status"}
    return [*_of_people(listing, names), *_of_choices(listing, vocabulary, fields), *_of_texts(listing)]


def selects(listing: Listing, vocabulary: Vocabulary, names: Names, has_promises: bool = False) -> list[Select]:
    """Return the selects of the form. `names` are the people who may be chosen, and those who are; that of promises is
    left out where nothing is promised."""
    query, is_board = listing.query, listing.is_board
    no_status = ("", ANY_OPEN if query._replace(status_ids=()).only_open and not is_board else ANY)
    fields = [
        _select("status", query.status_ids, ((it.id, called(it)) for it in vocabulary.statuses), no_status),
        _select("priority", query.priority_ids, ((it.id, called(it)) for it in vocabulary.priorities)),
        _select("project", query.project_ids, indented(vocabulary.projects).items()),
        _select("tracker", query.tracker_ids, ((it.id, called(it)) for it in vocabulary.trackers)),
    ]
    people = sorted(((id, named(name, id)) for id, name in names.items()), key=lambda item: item[1])
    for name, field in PEOPLE.items():
        if field != listing.own_field:
            special = [("me", ME), ("none", NOBODY)] if field == "assignees" else [("me", ME)]
            values = ["none" if who == "nobody" else who for who in getattr(query, field)]
            no_person = (ANYBODY, ANY) if is_board and field == "assignees" else NO_FILTER
            fields.append(_select(name, values, [*special, *people], no_person))
    if has_promises or query.promise:
        fields.append(Select(PROMISE, LABELS[PROMISE], [NO_FILTER, *PROMISES.items()], query.promise))
    return fields


def indented(projects: Iterable[Project]) -> dict[int, str]:
    """Return the names of projects by their ids, as a select shows their tree."""
    return {it.id: INDENT * depth + called(it) for it, depth in with_depths(projects)}


def _select(
    name: str,
    values: Iterable[object],
    choices: Iterable[tuple[int | str, str | Sentence]],
    no_filter: tuple[str, Sentence] = NO_FILTER,
) -> Select:
    value = ",".join(map(str, values)) or no_filter[0]
    options: list[tuple[str, str | Sentence]] = [no_filter, *((str(id), text) for id, text in choices)]
    if value not in dict(options):
        options.insert(1, (value, SEVERAL if "," in value else "?"))
    return Select(f"{name}_id", LABELS[name], options, value)


def _of_people(listing: Listing, names: Names) -> Iterator[Chip]:
    for name, field in PEOPLE.items():
        people: tuple[Who, ...] = () if field == listing.own_field else getattr(listing.query, field)
        for who in people:
            others = tuple(each for each in people if each != who)
            value = ME if who == "me" else NOBODY if who == "nobody" else named(names.get(who, "?"), who)
            yield Chip(LABELS[name], value, listing.link(**{field: others}))


def _of_choices(listing: Listing, vocabulary: Vocabulary, fields: Mapping[str, str]) -> Iterator[Chip]:
    for name, plural in fields.items():
        ids, names = getattr(listing.query, f"{name}_ids"), {it.id: called(it) for it in getattr(vocabulary, plural)}
        for id in ids:
            others = tuple(each for each in ids if each != id)
            yield Chip(LABELS[name], names.get(id, "?"), listing.link(**{f"{name}_ids": others}))


def _of_texts(listing: Listing) -> Iterator[Chip]:
    query = listing.query
    if query.promise:
        usual = USUAL_ORDER if query.sort == BY_PROMISE else {}
        yield Chip(LABELS[PROMISE], PROMISES[query.promise], listing.link(promise="", **usual))
    if query.search:
        yield Chip(LABELS["search"], query.search, listing.link(search=""))
    times = (
        ("updated_since", query.updated_since, "updated_since"),
        ("created_since", query.created_since, "created_since"),
        ("created_by", last_day(query), "created_before"),
        ("due_by", query.due_by, "due_by"),
    )
    for name, time, field in times:
        if time:
            has_clock = isinstance(time, datetime) and not is_day(time)
            text = time.strftime(MOMENT if has_clock else "%d.%m.%Y")
            yield Chip(LABELS[name], text, listing.link(**{field: None}))
