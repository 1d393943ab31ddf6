"""Share what the pages of quality control have: who asks, what counts as what, the address, and its links."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request

from helpdesk.errors import Invalid, NotConfigured, Sentence, sentence
from helpdesk.people.model import Person, SignedIn
from helpdesk.people.rights import ADMIN
from helpdesk.quality.model import FIELD_NAMES, KIND_NAMES, QualityChoices
from helpdesk.quality.service import Quality
from helpdesk.quality.tables import MOST_PARTS, TABS, Column, Line, Tab, common
from helpdesk.quality.totals import new_ids
from helpdesk.reports import address as addresses
from helpdesk.reports import address_parser, periods
from helpdesk.reports.address import Address
from helpdesk.reports.address_parser import TOO_MANY_COLUMNS
from helpdesk.reports.departments import Departments
from helpdesk.reports.filters import FILTERS, Named, named_filters
from helpdesk.reports.labels import Labels
from helpdesk.reports.model import Choices
from helpdesk.reports.report import Reporter
from helpdesk.tasks.fields import CustomField
from helpdesk.web.core import session
from helpdesk.web.core.guards import holds
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import today
from helpdesk.web.tasks.colors import load_phase_rules

NO_QUALITY = sentence(
    "Quality control counts in the database of the task system, and this helpdesk reads none that it could count in."
)
PLACES: tuple[tuple[str, Sentence, str | None], ...] = (
    ("quality:index", sentence("Requests"), None),
    ("quality:new", sentence("New requests"), None),
    ("quality:assessments", sentence("Assessments"), None),
    ("quality:sample", sentence("Tasks to assess"), None),
    ("quality:mine", sentence("Assessments of my work"), None),
    ("quality:forms", sentence("Forms of assessments"), ADMIN),
    ("quality:choices", sentence("What counts"), ADMIN),
    ("quality:comparison", sentence("Comparison"), ADMIN),
)
"""The routes of pages with their names, and the right that they need besides."""
KIND = sentence("Kind")
FIRST_TAB = next(iter(TABS))


class Desk(NamedTuple):
    """Quality control for one person: `offered` is what reports of these tasks can be filtered and grouped by."""

    quality: Quality
    reporter: Reporter
    choices: QualityChoices
    offered: Choices

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Return the kinds that have trackers, with these as the address has them."""
        return [(kind, ",".join(map(str, ids))) for kind, ids in self.choices.kinds.items()]

    def heading(self, tab: Tab) -> Sentence | str | None:
        """Return what the lines of a tab are called; None without their field."""
        if tab.role not in FIELD_NAMES:
            return FILTERS[f"{tab.role}_id"]
        field = self.field(tab.role)
        return field.name if field else None

    def field(self, role: str) -> CustomField | None:
        """Return the field of a role, None where it is not chosen, gone or not visible to this person."""
        return next((it for it in self.offered.fields if it.id == self.choices.fields.get(role)), None)


def quality_of(request: Request) -> Quality:
    """Raises NotConfigured where nothing can be counted."""
    quality = services(request).quality
    if quality is None:
        raise NotConfigured(NO_QUALITY)
    return quality


async def desk_of(request: Request) -> Desk:
    """Return quality control with the eyes of the person who asks. Raises NotConfigured, NotAllowed, Unavailable."""
    quality, signed_in = quality_of(request), await session.required(request)
    choices, who = await quality.choices(), await quality.actor(signed_in)
    people = Departments(services(request).database, services(request).accounts)
    reporter = Reporter(quality.source, who, people, services(request).settings.timezone, today(request))
    return Desk(quality, reporter, choices, await quality.source.choices(who))


async def address_of(request: Request, desk: Desk) -> Address:
    """Read the address of a table or of the tasks of a number. Raises Invalid with every wrong parameter."""
    day = today(request)
    address = address_parser.parse(request.url.query, day)
    addresses.check(address, desk.offered)
    columns = periods.count(address.within(day), address.by) if address.by else 0
    if columns > MOST_PARTS:
        raise Invalid({"by": [TOO_MANY_COLUMNS._replace(values={"columns": columns, "most": MOST_PARTS})]})
    return address


def tab_of(request: Request) -> str:
    name = request.query_params.get("tab", FIRST_TAB)
    return name if name in TABS else FIRST_TAB


def cell_link(
    request: Request, desk: Desk, tab: Tab, address: Address, column: Column, line: Line | None = None
) -> str:
    """Return the address of the tasks that a number counts; without a line, those of a column's sum."""
    its = address.fixed(column.period) if column.period else address
    changes: dict[str, Any] = {"by": "", "measure": column.measure, "groups": (), "cells": ()}
    if kind := column.kind or (line.kind if line else ""):
        wanted = desk.choices.kinds[kind]
        changes["tracker_ids"] = tuple(it for it in wanted if not its.tracker_ids or it in its.tracker_ids)
    if line:
        changes |= {"groups": (tab.group(desk.choices),), "cells": (line.key,)}
    return f"{path_to(request, 'quality:tasks')}?{its.query(**changes)}"


async def facts(desk: Desk, address: Address) -> Sequence[Named]:
    """Return what narrows the requests, in words."""
    labels = await desk.reporter.named(Labels(desk.offered), address, [tuple(address.cells)])
    facts = [(labels.group(group), [labels.of(group, key)]) for group, key in address.cell().items()]
    kinds = {kind: KIND_NAMES[kind] for it in address.tracker_ids if (kind := desk.choices.kind_of(it))}
    named = named_filters(address._replace(tracker_ids=()), labels)
    return [*facts, *([(KIND, [*kinds.values()])] if kinds else ()), *named]


async def filterable(desk: Desk) -> Choices:
    """Return what the form offers: of the projects those that count."""
    offered, ours = desk.offered, desk.choices.projects
    if not ours:
        return offered
    parents = await desk.quality.source.parents()
    kept = tuple(it for it in offered.vocabulary.projects if common((it.id,), ours, parents))
    return offered._replace(vocabulary=offered.vocabulary._replace(projects=kept))


async def new_statuses(request: Request, desk: Desk) -> tuple[int, ...]:
    """Return the statuses of requests that nobody has looked at."""
    rules = await load_phase_rules(request) if desk.quality.name == "main" else {}
    return new_ids(desk.offered.vocabulary.statuses, rules)


class Place(NamedTuple):
    """A page of quality control, which may be the present one."""

    address: str
    title: Sentence
    is_here: bool


def places(request: Request, person: Person) -> list[Place]:
    """Return the pages of quality control that a person may go to."""
    quality = services(request).quality
    absent = () if quality and quality.procedures else ("quality:comparison",)
    allowed = [
        (path_to(request, name), title) for name, title, right in PLACES if holds(person, right) and name not in absent
    ]
    return [Place(address, title, address == request.url.path) for address, title in allowed]


def context(request: Request, desk: Desk, person: SignedIn) -> Mapping[str, Any]:
    """Return what `quality/base.html` needs."""
    return {
        "places": places(request, person.person),
        "desk": desk,
        "KIND_NAMES": KIND_NAMES,
        "FIELD_NAMES": FIELD_NAMES,
        "is_administrator": holds(person.person, ADMIN),
    }
