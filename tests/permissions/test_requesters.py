"""In random Redmines each requester sees exactly the own requests, in every way of asking, and nothing private.

Whose a task is follows here from how the worlds were drawn: by its author, or by addresses that were written into a
field beside others that only look alike.
"""

import os
from collections.abc import Iterable
from functools import partial
from random import Random
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.errors import NotFound, Unavailable
from helpdesk.people.model import SignedIn, load_person
from helpdesk.requests.accounts import RequesterAccounts
from helpdesk.requests.addresses import aliases_of
from helpdesk.requests.model import Requester, RequestQuery
from helpdesk.requests.ownership import Rules
from helpdesk.requests.requests import RequestService
from helpdesk.requests.source import Means
from helpdesk.services import utc_now
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.feed import SqlFeed
from helpdesk.tasks.redmine.requests import RedmineRequests
from helpdesk.wiring import redmine_user
from tests.permissions.drawing import Row
from tests.permissions.oracle import Laboratory
from tests.permissions.sides import sql_backend
from tests.permissions.worlds import World, drawn

FIRST, WORLDS = 701, 40 if os.environ.get("SOAK") else 1
FIELD = 91
ALIASES = (("firm.test", "msk.firm.test"),)
EVENTS = 60
OTHERS = 6
SEARCHES = 4
OWN = ("person{}@firm.test", "PERSON{}@MSK.firm.test", "<Person{}@firm.test>", '"a@b, c" <person{}@firm.test>')
ALIKE = ("xperson{}@firm.test", "person{}@firm.test.net", '"person{}@firm.test" <a@b>', "(person{}@firm.test)",
         "person{}0@firm.test", "person{}@sub.firm.test", "person{}+a@firm.test")  # fmt: skip


class Drawn(NamedTuple):
    """A world with addresses in its tasks, and the people whom they name."""

    world: World
    named: dict[int, set[int]]
    admin: int
    anonymous: int


class Requesters(RedmineRequests):
    """The administrator is the owner of our key. Nobody writes: that takes Redmine's REST."""

    admin: Actor

    async def means(self, who: Requester, task_id: int) -> Means:
        return Means()


def with_addresses(seed: int) -> Drawn:
    world, dice = drawn(seed), Random(seed)
    named = dict[int, set[int]]()
    field = {
        "id": FIELD, "type": "IssueCustomField", "name": "Asked by", "field_format": "text", "position": 9,
        "is_for_all": True, "visible": False, "editable": True, "is_filter": True,
    }  # fmt: skip
    values = []
    for task in world.tables["issues"]:
        named[task["id"]] = set(dice.sample(world.people, dice.choice((0, 0, 1, 2))))
        texts = [dice.choice(OWN).format(person) for person in sorted(named[task["id"]])]
        texts += [dice.choice(ALIKE).format(person) for person in dice.sample(world.people, dice.choice((0, 1, 3)))]
        dice.shuffle(texts)
        if texts:
            value = dice.choice((", ", "; ", ",\r\n")).join(texts)
            values.append({"customized_type": "Issue", "customized_id": task["id"], "custom_field_id": FIELD,
                           "value": value})  # fmt: skip
    tables = world.tables | {
        "custom_fields": [*world.tables["custom_fields"], field],
        "custom_values": [*world.tables["custom_values"], *values],
    }
    admin = next(row["id"] for row in world.tables["users"] if row["admin"])
    anonymous = dice.choice([person for person in world.people if person not in (admin, *world.locked)])
    return Drawn(world._replace(tables=tables), named, admin, anonymous)


def hire(session: Session, found: Drawn) -> dict[int, int]:
    """Give everybody an account of ours, and return their ids; every third has no proven address."""
    session.execute(sa.delete(Person).where(col(Person.source) == "redmine"))
    accounts = [
        Person(
            source="redmine", login=f"person{person}", login_folded=f"person{person}", redmine_id=person,
            email=f"person{person}@firm.test", email_folded=fold(f"person{person}@firm.test"),
            is_email_proven=person % 3 > 0, created_at=utc_now(),
        )
        for person in found.world.people
    ]  # fmt: skip
    session.add_all(accounts)
    session.flush()
    return {account.redmine_id or 0: account.id or 0 for account in accounts}


class View:
    """One world by the service, beside what its rows say."""

    def __init__(self, found: Drawn, backend: RedmineBackend, database: Database, visible: set[int]) -> None:
        self.found, self.world, self.visible, self.database = found, found.world, visible, database
        rules = Rules(aliases_of(ALIASES), found.anonymous)
        source = Requesters(backend, backend, rules, (f"cf_{FIELD}",))
        admin = Actor(found.admin, f"person{found.admin}", is_admin=True)

        async def system() -> Actor:
            return admin

        source.system = system
        accounts = RequesterAccounts(database, rules, Person.redmine_id, redmine_user)
        self.service = RequestService(database, backend, source, accounts, lambda entry: f"journal.{entry}", utc_now)
        assert backend.source
        self.feed = SqlFeed(backend.source)
        self.ids = database.run_here(partial(hire, found=found), writes=True)
        self.differences: list[str] = []

    def owns(self, person: int, task: Row) -> bool:
        """Whether the rows say that a visible task is the person's request."""
        is_author = task["author_id"] == person and person != self.found.anonymous
        is_named = person % 3 > 0 and person in self.found.named[task["id"]]
        return task["id"] in self.visible and (is_author or is_named)

    async def who(self, person: int) -> Requester:
        def work(session: Session) -> SignedIn:
            row = session.get_one(Person, self.ids[person])
            return SignedIn(load_person(session, row), "mark")

        return await self.service.requester(self.database.run_here(work))

    async def look(self, person: int) -> None:
        who, tasks = await self.who(person), self.world.by_id("issues")
        own = {number for number, task in tasks.items() if self.owns(person, task)}
        listed = (await self.service.page(who, RequestQuery(per_page=500))).rows
        self.same(person, "the list", own, {row.id for row in listed})
        self.same(person, "visible()", own, set(await self.service.visible(who, list(tasks))))
        others = Random(f"{self.world.seed} {person}").sample(sorted(tasks.keys() - own), OTHERS)
        for number in [*sorted(own), *others]:
            try:
                request = await self.service.show(who, number)
            except NotFound:
                self.same(person, f"request {number}", number in own, False)
                continue
            self.same(person, f"request {number}", number in own, True)
            comments = {it["id"] for it in self.journals(number) if not it["private_notes"] and _has_notes(it)}
            self.same(person, f"comments of {number}", comments, {it.id for it in request.entries if it.notes})
            private = {it["id"] for it in self.journals(number) if it["private_notes"]}
            self.same(person, f"private entries of {number}", set(), private & {it.id for it in request.entries})
            await self.files(person, who, number, {file.id for file in request.files})
        await self.searches(person, who, own)

    async def searches(self, person: int, who: Requester, own: set[int]) -> None:
        """Comments on the own requests are found by their words, private ones by nobody."""
        comments = [it for number in sorted(own) for it in self.journals(number) if "Note" in (it["notes"] or "")]
        for journal in sorted(comments, key=lambda it: not it["private_notes"])[:SEARCHES]:
            words = journal["notes"].split()
            expected = {number for number in own if all(self.tells(number, word) for word in words)}
            query = RequestQuery(search=journal["notes"], per_page=500)
            found = {row.id for row in (await self.service.page(who, query)).rows}
            self.same(person, f"the requests with {journal['notes']!r}", expected, found)

    def tells(self, number: int, word: str) -> bool:
        """Whether a word stands in a text of the request that its requester reads."""
        task = self.world.by_id("issues")[number]
        public = [it["notes"] for it in self.journals(number) if not it["private_notes"]]
        return any(word in (text or "") for text in (task["subject"], task["description"], *public))

    async def files(self, person: int, who: Requester, number: int, shown: set[int]) -> None:
        attached = {row["id"] for row in self.world.tables["attachments"]
                    if (row["container_type"], row["container_id"]) == ("Issue", number)}  # fmt: skip
        self.same(person, f"files of {number}", attached - self.hidden(number), shown)
        for file in sorted(attached):
            try:
                await self.service.open_file(who, number, file)
            except NotFound:
                self.same(person, f"file {file}", file in shown, False)
            except Unavailable:  # it would be fetched over REST, which nobody answers here
                self.same(person, f"file {file}", file in shown, True)

    def journals(self, number: int) -> list[Row]:
        return [row for row in self.world.tables["journals"] if row["journalized_id"] == number]

    def hidden(self, number: int) -> set[int]:
        """The files that private comments brought, as Redmine splits them off."""
        private = {(it["user_id"], it["created_on"]) for it in self.journals(number) if it["private_notes"]}
        brought = [
            it["id"]
            for it in self.journals(number)
            if it["private_notes"] or (not _has_notes(it) and (it["user_id"], it["created_on"]) in private)
        ]
        return {
            int(row["prop_key"])
            for row in self.world.tables["journal_details"]
            if row["journal_id"] in brought and row["property"] == "attachment" and row["value"]
        }

    async def events(self) -> None:
        """Who is told of an event sees the request, and a public part of the event that somebody else made."""
        everybody = [await self.who(person) for person in self.world.people]
        tasks, numbers = self.world.by_id("issues"), {id: number for number, id in self.ids.items()}
        journals = Random(self.world.seed).sample(self.world.tables["journals"], EVENTS)
        for journal in journals:
            event = await self.feed.event(journal["journalized_id"], journal["id"])
            if event is None:
                continue
            owners = {person for person in self.world.people if self.owns(person, tasks[event.task_id])}
            asked = {numbers[who.person.id] for who in await self.service.requesters_of(event)}
            if event.task_id in self.visible:
                self.same(journal["id"], "requesters of the event", owners, asked)
            told = {numbers[id] for id in await self.service.readers(event, everybody)}
            is_told = self.is_public(journal)
            others = owners - {journal["user_id"]}
            self.same(journal["id"], "readers of the event", others if is_told else set(), told)

    def is_public(self, journal: Row) -> bool:
        if journal["private_notes"]:
            return False
        details = [row for row in self.world.tables["journal_details"] if row["journal_id"] == journal["id"]]
        if _has_notes(journal) or any(row["prop_key"] == "status_id" and row["value"] for row in details):
            return True
        files = {int(row["prop_key"]) for row in details if row["property"] == "attachment" and row["value"]}
        split = any(
            (it["user_id"], it["created_on"]) == (journal["user_id"], journal["created_on"])
            for it in self.journals(journal["journalized_id"])
            if it["private_notes"]
        )
        return bool(files) and not split

    def same(self, about: int, what: str, expected: Any, found: Any) -> None:
        if expected != found:
            self.differences.append(f"seed {self.world.seed}, {about}: {what}: expected {expected}, found {found}")


def _has_notes(journal: Row) -> bool:
    return bool((journal["notes"] or "").strip())


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("permissions 1")
async def test_requesters_see_their_requests_alone(lab: Laboratory, database: Database) -> None:
    differences: list[str] = []
    for seed in _seeds():
        found = with_addresses(seed)
        lab.settle(found.world)
        told = lab.ask(found.world._replace(people=(found.admin,)), tasks=1, blanks=0)[found.admin]
        async with sql_backend(lab.reader) as backend:
            view = View(found, backend, database, set(told["visible"]))
            for person in found.world.people:
                await view.look(person)
            await view.events()
        differences += view.differences
    assert not differences, "\n".join([f"{len(differences)} differences", *differences[:12]])


def _seeds() -> Iterable[int]:
    return range(FIRST, FIRST + WORLDS)
