"""What only the embedded tracker has: its own roles, open projects, search in descriptions."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import Invalid, NotAllowed, NotFound
from helpdesk.store.blobs import Blobs
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.tracker import projects
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.feed import Event
from helpdesk.tasks.fields import cf_name
from helpdesk.tasks.lists import CardQuery, TaskQuery
from helpdesk.tasks.model import Actor, Edit
from tests.tasks.test_contract_files import attach, stage
from tests.world import FIELD_IDS, PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld


async def test_a_change_without_the_right_to_comment_carries_no_comment(embedded: EmbeddedWorld) -> None:
    def mute(session: Session) -> None:
        role = session.get(tables.Role, 1)
        role.permissions = "view_all edit assignable"

    embedded.database.run_here(mute, writes=True)
    number, anna = embedded.new_task(), embedded.actor("anna")
    for call in (
        embedded.backend.change(anna, number, Edit({"status": STATUS_IDS["in_progress"]}, "и слово")),
        embedded.backend.comment(anna, number, "слово"),
        embedded.backend.comment(anna, number, "тайное слово", private=True),
    ):
        with pytest.raises(NotAllowed):
            await call
    assert (await embedded.backend.task(anna, number)).entries == ()


async def test_in_an_open_project_everybody_has_its_roles_and_sees_ones_own(embedded: EmbeddedWorld) -> None:
    def open_up(session: Session) -> None:
        session.get(tables.Project, PROJECT_IDS["office"]).members_only = False
        session.get(tables.Role, 2).for_everybody = True

    others = embedded.new_task(project="office")
    own = embedded.new_task(project="office", author="stranger")
    stranger = embedded.actor("stranger")
    with pytest.raises(NotFound):
        await embedded.backend.task(stranger, own)
    embedded.database.run_here(open_up, writes=True)
    assert (await embedded.backend.task(stranger, own)).choices.may_comment
    with pytest.raises(NotFound):
        await embedded.backend.task(stranger, others)


@pytest.mark.parametrize("verb", ["tasks", "cards", "statistics"])
async def test_a_list_reads_the_rights_of_its_person_once(
    embedded: EmbeddedWorld, statements: list[str], verb: str
) -> None:
    embedded.new_task()
    backend, anna = embedded.backend, embedded.actor("anna")
    calls = {
        "tasks": lambda: backend.tasks(anna, lambda _: TaskQuery(), summed=True),
        "cards": lambda: backend.cards(anna, lambda _: CardQuery(TaskQuery(), (1,), (1, 2))),
        "statistics": lambda: backend.statistics(anna, TaskQuery(), datetime.now(UTC)),
    }
    await calls[verb]()
    assert sum("tracker_role" in each for each in statements) == 1


async def test_nobody_notices_a_private_comment_that_he_may_not_see(embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), embedded.actor("irina")
    before = await embedded.backend.task(irina, number)
    await embedded.backend.comment(embedded.actor("anna"), number, "между нами", private=True)
    assert await embedded.backend.task(irina, number) == before


async def test_a_private_task_is_hidden_from_whoever_sees_the_project_but_nothing_private(
    embedded: EmbeddedWorld,
) -> None:
    def give(permissions: str) -> None:
        embedded.database.run_here(
            lambda db: setattr(db.get_one(tables.Role, 1), "permissions", permissions), writes=True
        )

    async def sees(login: str) -> bool:
        page = await embedded.backend.tasks(embedded.actor(login), TaskQuery(search=str(number)))
        with suppress(NotFound):
            await embedded.backend.task(embedded.actor(login), number)
            assert page.total == 1
            return True
        assert page.total == 0
        return False

    number = embedded.new_task(author="irina", assignee="anna")
    await embedded.backend.change(embedded.actor("admin"), number, Edit(details={"is_private": True}))
    everybody = ("irina", "anna", "boris", "admin", "stranger")
    for permissions, seen_by in (
        ("view_all comment view_private", [True, True, True, True, False]),
        ("view_all comment", [True, True, False, True, False]),
        ("comment", [True, True, False, True, False]),
    ):
        give(permissions)
        assert [await sees(login) for login in everybody] == seen_by
        told = Event(f"task.{number}", number, "", 0, "", datetime.now(UTC), None)
        heard = await embedded.feed.visible_to(told, map(embedded.actor, everybody))
        assert [PEOPLE_IDS[login] in heard for login in everybody] == seen_by


async def test_one_s_own_task_is_made_private_by_a_right_of_its_own(embedded: EmbeddedWorld) -> None:
    embedded.database.run_here(
        lambda db: setattr(db.get_one(tables.Role, 2), "permissions", "comment create set_own_private"), writes=True
    )
    irina, own = embedded.actor("irina"), embedded.new_task(author="irina")
    assert (await embedded.backend.task(irina, own)).choices.details == {"is_private"}
    written = await embedded.backend.change(irina, own, Edit(details={"is_private": True}))
    assert written.after.row.is_private
    theirs = embedded.new_task(author="anna", assignee="irina")
    assert (await embedded.backend.task(irina, theirs)).choices.details == frozenset()


async def test_words_are_found_in_descriptions_without_regard_to_case_or_yo(embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("Тема", description="Зажёвывает БУМАГУ")
    for search, found in (
        ("бумагу зажев", 1),
        ("тема бумагу", 1),
        ("бумагу пластик", 0),
        ("бума%гу", 0),
        ("б_магу", 0),
    ):
        page = await embedded.backend.tasks(embedded.actor("anna"), TaskQuery(("me",), search=search))
        assert [row.id for row in page.rows] == [number] * found


async def test_an_administrator_sees_and_may_do_all(embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(project="warehouse", author="boris", assignee=None)
    task = await embedded.backend.task(embedded.actor("admin"), number)
    assert len(task.choices.statuses) == 3 and task.choices.may_comment_privately


async def test_somebody_disabled_is_not_offered_as_assignee(embedded: EmbeddedWorld) -> None:
    def disable(session: Session) -> None:
        session.get(tables.Person, PEOPLE_IDS["boris"]).is_active = False

    embedded.database.run_here(disable, writes=True)
    choices = (await embedded.backend.task(embedded.actor("anna"), embedded.new_task())).choices
    assert [ref.id for ref in choices.assignees] == [PEOPLE_IDS["anna"]]


async def test_a_requester_assigns_nobody(embedded: EmbeddedWorld) -> None:
    irina, project = embedded.actor("irina"), PROJECT_IDS["help"]
    blank = await embedded.backend.new_task_form(irina, project)
    assert blank.assignees == () and blank.priorities and blank.details
    with pytest.raises(NotAllowed):
        await embedded.backend.create(irina, NewTask(project, "Стул", assignee_id=PEOPLE_IDS["anna"]))


async def test_an_upload_that_is_never_attached_is_deleted_after_a_day(database: Database, tmp_path: Path) -> None:
    now, blobs = [datetime.now(UTC)], Blobs(tmp_path / "files")
    world = EmbeddedWorld(database, tmp_path)
    world.backend = EmbeddedBackend(database, blobs, lambda: now[0])
    number = world.new_task()
    attached = await stage(world, "anna", b"attached")
    await attach(world, "anna", number, attached)
    forgotten = await stage(world, "anna", b"forgotten")
    now[0] += timedelta(hours=23)
    young = await stage(world, "anna", b"young")
    now[0] += timedelta(hours=2)
    await stage(world, "anna", b"this one sweeps")
    kept = sorted(path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file())
    assert kept == [b"attached", b"this one sweeps", b"young"]
    with pytest.raises(Invalid):
        await attach(world, "anna", number, forgotten)
    await attach(world, "anna", number, young)


async def test_files_go_with_their_task(embedded: EmbeddedWorld, tmp_path: Path) -> None:
    number = embedded.new_task()
    part = embedded.new_task(parent=number)
    for task in (number, part):
        await attach(embedded, "anna", task, await stage(embedded, "anna", b"1"))
    await embedded.backend.delete(embedded.actor("admin"), number)
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def test_a_file_whose_bytes_are_lost_is_not_there(embedded: EmbeddedWorld, tmp_path: Path) -> None:
    number = embedded.new_task()
    (file,) = await attach(embedded, "anna", number, await stage(embedded, "anna", b"1"))
    for path in (tmp_path / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    opened = await embedded.backend.open_file(embedded.actor("anna"), number, file.id)
    with pytest.raises(NotFound):
        await opened.read(0)


async def test_members_are_told_whatever_became_of_their_accounts_and_to_all_who_have_a_role(
    embedded: EmbeddedWorld,
) -> None:
    def change(session: Session) -> None:
        session.get_one(tables.Person, PEOPLE_IDS["boris"]).is_active = False
        session.get_one(tables.Project, PROJECT_IDS["office"]).members_only = False
        session.add(tables.Role(id=3, name="guest", permissions="create", for_everybody=True))
        session.add(tables.Membership(project_id=PROJECT_IDS["office"], person_id=PEOPLE_IDS["irina"], role_id=1))

    embedded.database.run_here(change, writes=True)
    told = await embedded.backend.members(embedded.actor("stranger"), PROJECT_IDS["office"])
    assert {it.id: it.roles for it in told} == {
        PEOPLE_IDS["anna"]: ("support",),
        PEOPLE_IDS["boris"]: ("support",),
        PEOPLE_IDS["irina"]: ("support", "requester"),
    }
    with pytest.raises(NotFound):
        await embedded.backend.members(embedded.actor("stranger"), PROJECT_IDS["help"])


# What only the embedded tracker has of details: fields by project and kind, required and multiple ones, parents


ROOM = FIELD_IDS["Кабинет"]


async def test_a_required_field_may_not_be_emptied_but_need_not_be_touched(embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(), embedded.actor("anna")
    await embedded.backend.change(anna, number, Edit(custom={ROOM: ("214",)}))
    embedded.alter_field(ROOM, required=True)
    for empty in ((), (" ",)):
        with pytest.raises(Invalid) as refusal:
            await embedded.backend.change(anna, number, Edit(custom={ROOM: empty}))
        assert list(refusal.value.fields) == [cf_name(ROOM)]
    assert (await embedded.backend.change(anna, number, Edit(details={"done_ratio": 10}))).after.done_ratio == 10


@pytest.mark.parametrize("limit", [{"project_id": PROJECT_IDS["office"]}, {"kind_id": 2}])
async def test_a_field_of_another_project_or_kind_is_not_there(embedded: EmbeddedWorld, limit: dict[str, int]) -> None:
    number, anna = embedded.new_task(), embedded.actor("anna")
    embedded.alter_field(ROOM, **limit)
    task = await embedded.backend.task(anna, number)
    assert ROOM not in {held.field.id for held in task.custom} | task.choices.custom
    with pytest.raises(NotAllowed):
        await embedded.backend.change(anna, number, Edit(custom={ROOM: ("214",)}))
    other = embedded.new_task(project="office")
    await embedded.backend.change(anna, other, Edit(details={"tracker": 2}))
    assert ROOM in (await embedded.backend.task(anna, other)).choices.custom


async def test_several_values_keep_their_order_and_are_told_together(embedded: EmbeddedWorld) -> None:
    number, anna, ways = embedded.new_task(), embedded.actor("anna"), FIELD_IDS["Способ связи"]
    embedded.alter_field(ways, multiple=True)
    written = await embedded.backend.change(anna, number, Edit(custom={ways: ("Почта", "Телефон")}))
    assert written.after.custom_value(ways) == ("Почта", "Телефон")
    (change,) = written.new_entries[0].changes
    assert (change.label, change.old, change.new) == ("Способ связи", None, "Почта, Телефон")


async def test_a_long_value_is_shown_as_a_changed_text(embedded: EmbeddedWorld) -> None:
    number, anna, long = embedded.new_task(), embedded.actor("anna"), "ж" * 5_000
    written = await embedded.backend.change(anna, number, Edit(custom={ROOM: (long,)}))
    (change,) = written.new_entries[0].changes
    assert written.after.custom_value(ROOM) == (long,) and (change.old, change.new) == (None, None)


async def test_a_field_that_is_only_shown_is_not_written(embedded: EmbeddedWorld) -> None:
    embedded.alter_field(ROOM, kind="other")
    with pytest.raises(NotAllowed):
        await embedded.backend.change(embedded.actor("anna"), embedded.new_task(), Edit(custom={ROOM: ("1",)}))


async def test_a_parent_of_another_project_or_out_of_sight_is_refused(embedded: EmbeddedWorld) -> None:
    number, elsewhere = embedded.new_task(), embedded.new_task(project="office")

    def leave(session: Session) -> None:
        session.delete(session.get_one(tables.Membership, (PROJECT_IDS["warehouse"], 2, 1)))

    embedded.database.run_here(leave, writes=True)
    for parent in (elsewhere, embedded.new_task(project="warehouse", author="boris", assignee=None)):
        with pytest.raises(Invalid) as refusal:
            await embedded.backend.change(embedded.actor("anna"), number, Edit(details={"parent": parent}))
        assert list(refusal.value.fields) == ["parent_id"]


async def test_a_changed_subject_is_found_by_its_new_words_alone(embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task("Принтер", description="Сломался"), embedded.actor("anna")
    await embedded.backend.change(anna, number, Edit(details={"subject": "Сканер"}))
    for search, found in (("принтер", []), ("сканер сломался", [number])):
        page = await embedded.backend.tasks(anna, TaskQuery(search=search))
        assert [row.id for row in page.rows] == found


async def test_watchers_are_shown_to_colleagues_and_to_oneself(embedded: EmbeddedWorld) -> None:
    number = embedded.new_task()
    for login in ("anna", "irina"):
        await embedded.backend.watch(embedded.actor(login), number, True)
    for login, names in (("boris", {"anna", "irina"}), ("irina", {"irina"})):
        task = await embedded.backend.task(embedded.actor(login), number)
        assert {who.name for who in task.watchers} == {embedded.name(name) for name in names}
        assert task.watched is (login == "irina")


async def test_an_edited_comment_makes_nobodys_form_stale(embedded: EmbeddedWorld) -> None:
    number, anna = embedded.new_task(), embedded.actor("anna")
    written = await embedded.backend.comment(anna, number, "опечатка")
    after = (await embedded.backend.edit_comment(anna, number, written.new_entries[0].id, "слово")).after
    assert (after.version, after.row.updated_on) == (written.after.version, written.after.row.updated_on)


async def test_an_archived_project_is_hidden_from_everybody_and_comes_back_whole(embedded: EmbeddedWorld) -> None:
    people = [embedded.actor(login) for login in ("irina", "anna", "admin")]
    number, backend, project = embedded.new_task(), embedded.backend, PROJECT_IDS["help"]
    event = Event(f"task.{number}", number, "", project, "", datetime.now(UTC), None)
    embedded.new_task(project="office")

    async def seen(who: Actor) -> list[object]:
        """Where the task and its project could be seen, each with what is seen of them there."""
        cards = await backend.cards(who, lambda choices: CardQuery(TaskQuery(), (1,), (1,)))
        counted = await backend.statistics(who, TaskQuery(), datetime.now(UTC))
        return [
            [it.id for it in (await backend.tasks(who, TaskQuery(), summed=True)).rows if it.id == number],
            [it.id for it in (await backend.tasks(who, TaskQuery(search=f"#{number}"))).rows],
            [it.row.id for it in cards.cards if it.row.id == number],
            [it for it, _ in counted.parts.projects if it.id == project],
            [it for it in (await backend.vocabulary(who)).projects if it.id == project],
            [it for it in await backend.projects_for_new(who) if it.id == project],
            await backend.seen(who, [number]),
        ]

    def archive(archived: bool) -> None:
        embedded.database.run_here(lambda db: projects.archive(db, project, archived, 1), writes=True)

    before = [await seen(who) for who in people]
    assert all(all(each) for each in before)
    archive(True)
    assert await embedded.feed.visible_to(event, people) == frozenset()
    for who in people:
        assert not any(await seen(who))
        for call in (
            backend.task(who, number),
            backend.comment(who, number, "слово"),
            backend.change(who, number, Edit({"status": STATUS_IDS["in_progress"]})),
            backend.new_task_form(who, project),
            backend.members(who, project),
        ):
            with pytest.raises(NotFound):
                await call
    archive(False)
    assert [await seen(who) for who in people] == before
    assert await embedded.feed.visible_to(event, people) == {who.id for who in people}


async def test_without_a_status_a_priority_or_a_type_there_is_nowhere_to_create(embedded: EmbeddedWorld) -> None:
    anna = embedded.actor("anna")
    assert await embedded.backend.projects_for_new(anna)
    embedded.database.run_here(lambda db: db.execute(sa.delete(tables.Kind)), writes=True)
    assert await embedded.backend.projects_for_new(anna) == ()
