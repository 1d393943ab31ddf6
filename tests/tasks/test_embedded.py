"""What only the embedded tracker has: its own roles, open projects, search in descriptions."""

import pytest
from sqlmodel import Session

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.store import tables
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Edit
from tests.world import PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld


async def test_who_may_steer_but_not_comment_cannot_slip_a_comment_in(embedded: EmbeddedWorld) -> None:
    def mute(session: Session) -> None:
        role = session.get(tables.Role, 1)
        role.permissions = "view_all edit assignable"

    embedded.database.run_here(mute, writes=True)
    number, anna = embedded.new_task(), embedded.actor("anna")
    for call in (
        embedded.tracker.change(anna, number, Edit({"status": STATUS_IDS["in_progress"]}, "и слово")),
        embedded.tracker.comment(anna, number, "слово"),
        embedded.tracker.comment(anna, number, "тайное слово", private=True),
    ):
        with pytest.raises(NotAllowed):
            await call
    assert (await embedded.tracker.task(anna, number)).entries == ()


async def test_in_an_open_project_everybody_has_its_roles_and_sees_ones_own(embedded: EmbeddedWorld) -> None:
    def open_up(session: Session) -> None:
        session.get(tables.Project, PROJECT_IDS["office"]).members_only = False
        session.get(tables.Role, 2).for_everybody = True

    others = embedded.new_task(project="office")
    own = embedded.new_task(project="office", author="stranger")
    stranger = embedded.actor("stranger")
    with pytest.raises(NotFound):
        await embedded.tracker.task(stranger, own)
    embedded.database.run_here(open_up, writes=True)
    assert (await embedded.tracker.task(stranger, own)).choices.may_comment
    with pytest.raises(NotFound):
        await embedded.tracker.task(stranger, others)


async def test_nobody_notices_a_private_comment_that_he_may_not_see(embedded: EmbeddedWorld) -> None:
    number, irina = embedded.new_task(), embedded.actor("irina")
    before = await embedded.tracker.task(irina, number)
    await embedded.tracker.comment(embedded.actor("anna"), number, "между нами", private=True)
    assert await embedded.tracker.task(irina, number) == before


async def test_words_are_found_in_descriptions_without_regard_to_case_or_yo(embedded: EmbeddedWorld) -> None:
    number = embedded.new_task("Тема", description="Зажёвывает БУМАГУ")
    for search, found in (
        ("бумагу зажев", 1),
        ("тема бумагу", 1),
        ("бумагу пластик", 0),
        ("бума%гу", 0),
        ("б_магу", 0),
    ):
        page = await embedded.tracker.tasks(embedded.actor("anna"), TaskQuery(("me",), search=search))
        assert [row.id for row in page.rows] == [number] * found


async def test_an_administrator_sees_and_may_do_all(embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(project="warehouse", author="boris", assignee=None)
    task = await embedded.tracker.task(embedded.actor("admin"), number)
    assert len(task.choices.statuses) == 3 and task.choices.may_comment_privately


async def test_somebody_disabled_is_not_offered_as_assignee(embedded: EmbeddedWorld) -> None:
    def disable(session: Session) -> None:
        session.get(tables.Person, PEOPLE_IDS["boris"]).is_active = False

    embedded.database.run_here(disable, writes=True)
    choices = (await embedded.tracker.task(embedded.actor("anna"), embedded.new_task())).choices
    assert [ref.id for ref in choices.assignees] == [PEOPLE_IDS["anna"]]
