"""Who hears of an act: true for every act that may happen, then by examples."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.notifications.rules import TYPES, Hearer, Hearing, Kind, heard
from helpdesk.notifications.urgency import urgency
from helpdesk.tasks.feed import Became, Happening
from helpdesk.tasks.model import Member

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA, BORIS, IRINA, STRANGER, DMITRY = range(1, 6)
LOGINS = {ANNA: "anna", BORIS: "Boris", IRINA: "irina.k", STRANGER: "stranger", DMITRY: "dmitry"}
PEOPLE = [Hearer(number, login) for number, login in LOGINS.items()]
SOME = st.frozensets(st.sampled_from([*LOGINS, 77]))  # 77 has no account here
BECAME = st.none() | st.builds(Became, st.just("New"), st.just("In work"))
CALLS = st.sampled_from(["", "Готово.", "@anna", "@BORIS, @irina.k", "anna@stranger", "@nobody", "`@dmitry`"])
CALLED = {"@anna": {ANNA}, "@BORIS, @irina.k": {BORIS, IRINA}}
ACTS = st.builds(
    Happening,
    key=st.just("journal.1"),
    task_id=st.just(7),
    subject=st.just("Принтер"),
    project_id=st.just(1),
    project=st.just("Офис"),
    at=st.just(NOW),
    by=st.none() | st.builds(Member, st.sampled_from([*LOGINS, 77]), st.just("Somebody")),
    is_new=st.booleans(),
    notes=CALLS,
    status=BECAME,
    priority=BECAME,
    was_assigned=st.booleans(),
    files=st.sampled_from([(), ("a.png",)]),
    author=st.none() | st.sampled_from([*LOGINS, 77]),
    assignees=SOME,
    former=SOME,
    watchers=SOME,
)


def act(**told: object) -> Happening:
    """Boris changes a task that Irina asked for, Anna works on and Dmitry watches."""
    usual: dict[str, object] = {
        "by": Member(BORIS, "Boris"),
        "author": IRINA,
        "assignees": frozenset({ANNA}),
        "watchers": frozenset({DMITRY}),
    }
    return Happening("journal.1", 7, "Принтер", 1, "Офис", NOW, **(usual | told))  # type: ignore[arg-type]


def kinds(happening: Happening) -> dict[int, Kind]:
    return dict(heard(happening, PEOPLE))


@given(ACTS)
def test_all_who_have_to_do_with_it_hear_once_but_for_who_did_it_and_nobody_else(happening: Happening) -> None:
    concerned = {*happening.assignees, *happening.former, *happening.watchers, happening.author}
    concerned |= CALLED.get(happening.notes, set())
    actor = happening.by.id if happening.by else None
    assert [person for person, _ in heard(happening, PEOPLE)] == sorted((concerned & set(LOGINS)) - {actor})


@given(ACTS)
def test_each_hears_what_concerns_that_very_person_most(happening: Happening) -> None:
    called = CALLED.get(happening.notes, set())
    for hearing in heard(happening, PEOPLE):
        has_it = hearing.person in happening.assignees
        lost_it = hearing.person in happening.former and not has_it
        if hearing.person in called:
            wanted = "mention"
        elif (has_it and (happening.is_new or happening.was_assigned)) or (lost_it and happening.was_assigned):
            wanted = "assigned"
        elif happening.is_new:
            wanted = "created"
        elif happening.notes:
            wanted = "comment"
        elif happening.status:
            wanted = "status_change"
        elif happening.priority:
            wanted = "priority_change"
        else:
            wanted = "attachment" if happening.files else "system"
        assert hearing.type == wanted


@given(ACTS, st.permutations(PEOPLE), st.integers(0, 5))
@example(act(notes="@anna"), PEOPLE, 0)
def test_neither_order_nor_other_people_matter(happening: Happening, people: list[Hearer], some: int) -> None:
    among = people[:some]
    told = heard(happening, iter(among + among))
    assert told == tuple(each for each in heard(happening, PEOPLE) if each.person in {one.id for one in among})


def test_a_new_task_is_given_to_its_assignee_and_told_to_others() -> None:
    assert kinds(act(is_new=True, by=Member(IRINA, "Irina"))) == {ANNA: "given", DMITRY: "created"}
    assert kinds(act(is_new=True)) == {ANNA: "given", DMITRY: "created", IRINA: "created"}


def test_who_is_called_by_the_description_of_a_new_task_is_mentioned_and_others_hear_of_no_comment() -> None:
    described = act(is_new=True, by=Member(IRINA, "Irina"), notes="Не печатает. @Stranger, помогите")
    assert kinds(described) == {ANNA: "given", DMITRY: "created", STRANGER: "mentioned"}


def test_who_loses_a_task_who_gets_it_and_who_looks_on_hear_differently() -> None:
    passed_on = act(was_assigned=True, former=frozenset({STRANGER}), notes="Прошу")
    assert kinds(passed_on) == {ANNA: "given", STRANGER: "taken", IRINA: "commented", DMITRY: "commented"}
    silently = passed_on._replace(notes=" \r\n")
    assert kinds(silently) == {ANNA: "given", STRANGER: "taken", IRINA: "reassigned", DMITRY: "reassigned"}
    to_a_group_with_her = act(was_assigned=True, former=frozenset({ANNA}))
    assert kinds(to_a_group_with_her)[ANNA] == "given"


def test_what_can_not_be_told_is_told_as_a_change() -> None:
    assert kinds(act()) == {ANNA: "changed", IRINA: "changed", DMITRY: "changed"}
    assert {hearing.type for hearing in heard(act(), PEOPLE)} == {"system"}


def test_an_act_of_nobody_known_is_told_to_all() -> None:
    assert set(kinds(act(by=None, status=Became("New", "Done")))) == {ANNA, IRINA, DMITRY}


def test_who_is_called_hears_without_having_to_do_with_the_task_but_not_by_oneself() -> None:
    assert kinds(act(notes="@Stranger, @boris: смотрите"))[STRANGER] == "mentioned"
    assert BORIS not in kinds(act(notes="@boris"))


@pytest.mark.parametrize(("kind", "presses"), [(kind, kind in ("mentioned", "given")) for kind in TYPES])
def test_what_somebody_wants_of_this_very_person_presses(kind: Kind, presses: bool) -> None:
    assert urgency(kind) == ("high" if presses else "normal")
    assert Hearing(ANNA, kind).type == TYPES[kind]
