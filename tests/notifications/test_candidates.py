"""Who hears of an act: true for every act that may happen, then by examples."""

from collections.abc import Iterable
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.notifications import recipients
from helpdesk.notifications.kinds import TYPES, Kind
from helpdesk.notifications.mentions import mentioned_words
from helpdesk.notifications.recipients import Candidate
from helpdesk.store.people import Account
from helpdesk.tasks.feed import Change, Event
from helpdesk.tasks.model import Member

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANNA, BORIS, IRINA, STRANGER, DMITRY = range(1, 6)
LOGINS = {ANNA: "anna", BORIS: "Boris", IRINA: "irina.k", STRANGER: "stranger", DMITRY: "dmitry"}
PEOPLE = [Account(number + 100, number, login) for number, login in LOGINS.items()]
SOME = st.frozensets(st.sampled_from([*LOGINS, 77]))  # 77 has no account here
BECAME = st.none() | st.builds(Change, st.just("New"), st.just("In work"))
CALLS = st.sampled_from(["", "Готово.", "@anna", "@BORIS, @irina.k", "anna@stranger", "@nobody", "`@dmitry`"])
CALLED = {"@anna": {ANNA}, "@BORIS, @irina.k": {BORIS, IRINA}}
ACTS = st.builds(
    Event,
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


def candidates(event: Event, people: Iterable[Account]) -> tuple[Candidate, ...]:
    return recipients.candidates(event, people, mentioned_words(event.notes))


def act(**told: object) -> Event:
    """Boris changes a task that Irina asked for, Anna works on and Dmitry watches."""
    usual: dict[str, object] = {
        "by": Member(BORIS, "Boris"),
        "author": IRINA,
        "assignees": frozenset({ANNA}),
        "watchers": frozenset({DMITRY}),
    }
    return Event("journal.1", 7, "Принтер", 1, "Офис", NOW, **(usual | told))  # type: ignore[arg-type]


def kinds(event: Event) -> dict[int, Kind]:
    return {it.account.number: it.kind for it in candidates(event, PEOPLE)}


@given(ACTS)
def test_everybody_with_a_part_in_the_task_is_notified_once_except_the_author(event: Event) -> None:
    concerned = {*event.assignees, *event.former, *event.watchers, event.author}
    concerned |= CALLED.get(event.notes, set())
    actor = event.by.id if event.by else None
    assert [it.account.number for it in candidates(event, PEOPLE)] == sorted((concerned & set(LOGINS)) - {actor})


@given(ACTS)
def test_each_recipient_gets_the_most_personal_type(event: Event) -> None:
    mentioned_words = CALLED.get(event.notes, set())
    for (_, person, _), kind, *_ in candidates(event, PEOPLE):
        has_it = person in event.assignees
        lost_it = person in event.former and not has_it
        if person in mentioned_words:
            wanted = "mention"
        elif (has_it and (event.is_new or event.was_assigned)) or (lost_it and event.was_assigned):
            wanted = "assigned"
        elif event.is_new:
            wanted = "created"
        elif event.notes:
            wanted = "comment"
        elif event.status:
            wanted = "status_change"
        elif event.priority:
            wanted = "priority_change"
        else:
            wanted = "attachment" if event.files else "system"
        assert TYPES[kind] == wanted


@given(ACTS, st.permutations(PEOPLE), st.integers(0, 5))
@example(act(notes="@anna"), PEOPLE, 0)
def test_neither_order_nor_other_people_matter(event: Event, people: list[Account], some: int) -> None:
    among = people[:some]
    found = candidates(event, iter(among + among))
    assert found == tuple(each for each in candidates(event, PEOPLE) if each.account in among)


def test_a_new_task_is_an_assignment_for_its_assignee_and_a_new_task_for_others() -> None:
    assert kinds(act(is_new=True, by=Member(IRINA, "Irina"))) == {ANNA: "given", DMITRY: "created"}
    assert kinds(act(is_new=True)) == {ANNA: "given", DMITRY: "created", IRINA: "created"}


def test_a_mention_in_the_description_of_a_new_task_is_a_mention_and_no_comment_for_others() -> None:
    described = act(is_new=True, by=Member(IRINA, "Irina"), notes="Не печатает. @Stranger, помогите")
    assert kinds(described) == {ANNA: "given", DMITRY: "created", STRANGER: "mentioned"}


def test_the_old_assignee_the_new_one_and_onlookers_get_different_notifications() -> None:
    passed_on = act(was_assigned=True, former=frozenset({STRANGER}), notes="Прошу")
    assert kinds(passed_on) == {ANNA: "given", STRANGER: "taken", IRINA: "commented", DMITRY: "commented"}
    silently = passed_on._replace(notes=" \r\n")
    assert kinds(silently) == {ANNA: "given", STRANGER: "taken", IRINA: "reassigned", DMITRY: "reassigned"}
    to_a_group_with_her = act(was_assigned=True, former=frozenset({ANNA}))
    assert kinds(to_a_group_with_her)[ANNA] == "given"


def test_a_change_without_a_type_of_its_own_is_a_plain_change() -> None:
    assert kinds(act()) == {ANNA: "changed", IRINA: "changed", DMITRY: "changed"}
    assert {TYPES[kind] for kind in kinds(act()).values()} == {"system"}


def test_all_are_notified_of_an_event_by_nobody_known() -> None:
    assert set(kinds(act(by=None, status=Change("New", "Done")))) == {ANNA, IRINA, DMITRY}


def test_a_mentioned_person_is_notified_without_a_part_in_the_task_but_not_by_oneself() -> None:
    assert kinds(act(notes="@Stranger, @boris: смотрите"))[STRANGER] == "mentioned"
    assert BORIS not in kinds(act(notes="@boris"))
