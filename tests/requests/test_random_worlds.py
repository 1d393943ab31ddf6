"""In random embedded trackers lists, requests, files and `visible` agree, and nothing private is ever shown."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import pytest
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.requests.model import RequestQuery
from helpdesk.store.models import tables
from helpdesk.tasks.files import Upload
from helpdesk.tasks.model import Edit
from tests.requests.desk import Desk
from tests.world import NAMES, PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld

OWN = (
    "{}@example.test",
    "{}@MSK.Example.test.",
    "<{}@example.test>",
    '"a@b, c" <{}@example.test>',
    "g: {}@example.test;",
)
ALIKE = ("x{}@example.test", "{}@example.test.net", '"{}@example.test" <a@b>', "({}@example.test)", "{}x@example.test",
         "{}@sub.example.test", "{}+a@example.test", "<x{}@example.test>", "{}@example.tes")  # fmt: skip
PROVEN = ("irina", "stranger", "anna")
ARCHIVED = "office"
TASKS, ENTRIES = 50, 3


class Story:
    """Whom each task names, and what its history holds."""

    def __init__(self, world: EmbeddedWorld, seed: int) -> None:
        self.world, self.dice = world, Random(seed)
        self.owners: dict[int, set[str]] = {}
        self.public: dict[int, list[str]] = {}

    def write(self, session: Session) -> None:
        now = datetime.now(UTC)
        session.get_one(tables.Project, PROJECT_IDS[ARCHIVED]).is_archived = True
        for _ in range(TASKS):
            author, project = self.dice.choice(list(NAMES)), self.dice.choice(list(PROJECT_IDS))
            named = self.dice.sample(list(NAMES), self.dice.choice((0, 0, 1, 2)))
            texts = [self.dice.choice(OWN).format(login) for login in named]
            texts += [self.dice.choice(ALIKE).format(login) for login in self.dice.sample(list(NAMES), 2)]
            self.dice.shuffle(texts)
            task = tables.Task(
                project_id=PROJECT_IDS[project], kind_id=1, status_id=self.dice.randint(1, 6), priority_id=2,
                author_id=PEOPLE_IDS[author], subject="Задача", requester=self.dice.choice((", ", ",\n")).join(texts),
                is_private=self.dice.random() < 0.3, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(task)
            session.flush()
            assert task.id
            owners = {author, *(login for login in named if login in PROVEN)}
            self.owners[task.id] = owners if project != ARCHIVED else set()
            self.public[task.id] = []
            for number in range(self.dice.randint(0, ENTRIES)):
                note, is_private = f"Слово {number}", self.dice.random() < 0.5
                person = PEOPLE_IDS[self.dice.choice(list(NAMES))]
                session.add(tables.Entry(task_id=task.id, author_id=person, created_at=now, notes=note,
                                         is_private=is_private))  # fmt: skip
                session.flush()
                self.public[task.id] += [] if is_private else [note]


async def one_byte() -> AsyncIterator[bytes]:
    yield b"x"


@pytest.mark.parametrize("seed", range(3))
async def test_every_way_of_asking_agrees(embedded: EmbeddedWorld, seed: int) -> None:
    story, desk = Story(embedded, seed), Desk(embedded, embedded.database)
    for login in PROVEN:
        desk.set(login, is_email_proven=True)
    embedded.database.run_here(story.write, writes=True)
    admin = embedded.actor("admin")
    file = await embedded.backend.stage(admin, Upload("a.txt", "text/plain", 1, one_byte()))
    with_file = next(task for task, owners in story.owners.items() if owners)
    await embedded.backend.change(admin, with_file, Edit(files=(file,)))
    for login in NAMES:
        who = await desk.who(login)
        own = {task for task, owners in story.owners.items() if login in owners}
        page = await desk.service.page(who, RequestQuery(per_page=500))
        assert {row.id for row in page.rows} == own and page.total == page.summary.total == len(own)
        assert await desk.service.visible(who, story.owners) == own
        for task in story.owners:
            if task not in own:
                with pytest.raises(NotFound):
                    await desk.service.show(who, task)
                with pytest.raises(NotFound):
                    await desk.service.open_file(who, task, 1)
                with pytest.raises(NotFound):
                    await desk.service.answer(who, task, "Чужое")
                continue
            request = await desk.service.show(who, task)
            assert [entry.notes for entry in request.entries if entry.notes] == story.public[task]
            for shown in request.files:
                assert (await desk.service.open_file(who, task, shown.id)).file.filename == "a.txt"
