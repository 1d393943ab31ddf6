"""Forms, assessments and draws in SQLite, a real MariaDB and a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.store import assessment_forms, assessment_picks, assessments
from helpdesk.store.assessment_forms import CriterionValues, FormRow, FormValues
from helpdesk.store.assessments import AssessmentRow, Filter, Key, MarkValues, TaskValues, Wanted
from helpdesk.store.database import Database
from helpdesk.store.models.quality import Assessment, AssessmentForm, AssessmentMark, AssessmentPick, Criterion
from tests.store.test_races import at_once
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]
CRITERIA = (CriterionValues(None, "Вежливость", "", 2, 5), CriterionValues(None, "Скорость", "В срок", 1, 10))
ALWAYS = Filter(NOW - timedelta(days=1), NOW + timedelta(days=1))


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    """Without what other tests left in a shared server."""

    def clear(db: Session) -> None:
        for model in (AssessmentPick, AssessmentMark, Assessment, Criterion, AssessmentForm):
            db.exec(sa.delete(model))

    told_store.run_here(clear, writes=True)
    yield told_store
    told_store.run_here(clear, writes=True)


def add_form(store: Database, name: str = "Звонок") -> FormRow:
    wanted = FormValues(name, True, CRITERIA)
    return store.run_here(lambda db: assessment_forms.add(db, ANNA, wanted), writes=True)


def task(number: int = 7, source: str = "main") -> TaskValues:
    return TaskValues(source, number, "Не печатает", 1, "help", BORIS, "Борис")


def assess(
    store: Database, form: FormRow, assessor: int = ANNA, known: int | None = None, about: TaskValues | None = None
) -> AssessmentRow:
    marks = tuple(MarkValues(it.id or 0, it.most - 1, it.weight, it.most) for it in form.values.criteria)
    wanted = Wanted(form.id, 83, marks, "Хорошо")
    return store.run_here(lambda db: assessments.save(db, assessor, about or task(), wanted, known, NOW), writes=True)


def test_a_form_keeps_removed_criteria_for_the_assessments_that_have_them(store: Database) -> None:
    form = add_form(store)
    polite, quick = form.values.criteria
    found = assess(store, form)
    wanted = FormValues("Звонок", True, (CriterionValues(None, "Точность", "", 1, 1), polite._replace(weight=9)))
    changed = store.run_here(lambda db: assessment_forms.change(db, ANNA, form.id, wanted, form.version), writes=True)
    assert changed.version == form.version + 1
    assert [(it.name, it.weight) for it in changed.values.criteria] == [("Точность", 1), ("Вежливость", 9)]
    marks = store.run_here(lambda db: assessments.marks_of(db, [found.id]))[found.id]
    assert [(it.mark, it.weight, it.most) for it in marks] == [(4, 2, 5), (9, 1, 10)], "as they were then"
    names = store.run_here(lambda db: assessment_forms.criteria_named(db, [it.criterion_id for it in marks]))
    assert names[quick.id or 0].name == "Скорость"
    without = wanted._replace(criteria=(polite,))
    store.run_here(lambda db: assessment_forms.change(db, ANNA, form.id, without, changed.version), writes=True)
    left = store.run_here(lambda db: {it.name: it.is_active for it in db.exec(select(Criterion))})
    assert left == {"Вежливость": True, "Скорость": False}, "nobody had marks for the third one"


def test_a_form_is_not_changed_from_an_old_version_nor_with_criteria_of_another(store: Database) -> None:
    form, other = add_form(store), add_form(store, "Письмо")
    change = partial(assessment_forms.change, actor_id=ANNA, form_id=form.id)
    with pytest.raises(Conflict):
        store.run_here(lambda db: change(db, wanted=form.values._replace(name="Новый"), known=99), writes=True)
    foreign = form.values._replace(criteria=other.values.criteria)
    with pytest.raises(NotFound):
        store.run_here(lambda db: change(db, wanted=foreign, known=form.version), writes=True)
    with pytest.raises(Invalid):
        store.run_here(
            lambda db: change(db, wanted=form.values._replace(name="ПИСЬМО"), known=form.version), writes=True
        )
    same = store.run_here(lambda db: change(db, wanted=form.values, known=form.version), writes=True)
    assert same == form == store.run_here(lambda db: assessment_forms.one(db, form.id))


def test_an_assessment_is_changed_from_its_version_alone_and_withdrawn_by_its_assessor(store: Database) -> None:
    form = add_form(store)
    first = assess(store, form)
    with pytest.raises(Conflict) as refused:
        assess(store, form)
    assert refused.value.current == first
    moved = task()._replace(executor_id=ANNA, executor="Анна", subject="Другое")
    second = assess(store, form, known=first.version, about=moved)
    assert second == first._replace(version=2), "whose work it was stays"
    with pytest.raises(Conflict):
        assess(store, form, known=first.version)
    with pytest.raises(NotFound):
        store.run_here(lambda db: assessments.withdraw(db, BORIS, first.id), writes=True)
    store.run_here(lambda db: assessments.withdraw(db, ANNA, first.id), writes=True)
    assert store.run_here(lambda db: db.exec(select(AssessmentMark)).all()) == []
    with pytest.raises(Conflict) as gone:
        assess(store, form, known=second.version)
    assert gone.value.current is None


def test_of_many_at_once_one_assesses(store: Database) -> None:
    form = add_form(store)
    wanted = Wanted(form.id, 50, (), "")
    works = [lambda db: assessments.save(db, ANNA, task(), wanted, None, NOW)] * 6
    done = at_once(store, *works)
    assert sorted(type(it).__name__ for it in done) == ["AssessmentRow", *["Conflict"] * 5]


def test_assessments_are_found_by_what_they_are_about(store: Database) -> None:
    form, other = add_form(store), add_form(store, "Письмо")
    first, second = assess(store, form), assess(store, form, BORIS)
    third = assess(store, other, about=task(8, "quality")._replace(executor_id=None, project_id=3))
    find = lambda **by: store.run_here(lambda db: assessments.within(db, ALWAYS._replace(**by), 10))  # noqa: E731  # a filter each
    assert find() == [third, second, first] and store.run_here(lambda db: assessments.within(db, ALWAYS, 2)) == [
        third,
        second,
    ]
    of_boris, of_project = find(executor=Key("main", BORIS)), find(project=Key("main", 1))
    assert of_boris == of_project == find(form_id=form.id) == [second, first]
    assert find(project=Key("quality", 3)) == [third] and find(executor=Key("quality", BORIS)) == []
    assert find(executor=Key("main", BORIS), project=Key("quality", 3)) == []
    assert find(since=NOW + timedelta(seconds=1)) == find(until=NOW) == []
    assert store.run_here(lambda db: assessments.of_task(db, "main", 7)) == [first, second]
    assert store.run_here(lambda db: assessments.of_work(db, "main", [BORIS, 99], 5)) == [second, first]
    assert store.run_here(lambda db: assessments.assessed(db, "main", [7, 8, 9])) == {7}


def test_two_people_draw_different_tasks_also_at_once(store: Database) -> None:
    take = partial(assessment_picks.take, source="main", ordered=range(1, 16), count=10, now=NOW)
    added = at_once(store, *(partial(take, person_id=it) for it in (ANNA, BORIS)))
    assert sorted(added) == [(5, True), (10, True)]
    drawn = store.run_here(lambda db: assessment_picks.taken(db, "main", NOW))
    assert sorted(drawn) == list(range(1, 16)) and sorted([*drawn.values()].count(it) for it in (ANNA, BORIS)) == [
        5,
        10,
    ]
    assert store.run_here(lambda db: assessment_picks.taken(db, "quality", NOW)) == {}
    later = NOW + assessment_picks.KEPT
    assert store.run_here(lambda db: assessment_picks.taken(db, "main", later)) == {}
    store.run_here(lambda db: take(db, person_id=BORIS, now=later), writes=True)
    assert set(store.run_here(lambda db: assessment_picks.taken(db, "main", later)).values()) == {BORIS}


def test_nobody_draws_without_end_and_a_task_can_be_given_back(store: Database) -> None:
    for first in (1, 101, 201):
        take = partial(assessment_picks.take, source="main", ordered=range(first, first + 100), count=40)
        store.run_here(partial(take, person_id=ANNA, now=NOW), writes=True)
    drawn = store.run_here(lambda db: assessment_picks.taken(db, "main", NOW))
    assert len(drawn) == assessment_picks.MOST
    store.run_here(lambda db: assessment_picks.give_back(db, "main", 1, BORIS), writes=True)
    store.run_here(lambda db: assessment_picks.give_back(db, "main", 2, ANNA), writes=True)
    assert drawn.keys() - store.run_here(lambda db: assessment_picks.taken(db, "main", NOW)).keys() == {2}


def test_who_assesses_a_task_has_it_no_longer_drawn(store: Database) -> None:
    form = add_form(store)
    store.run_here(lambda db: assessment_picks.take(db, "main", [7, 8], 2, ANNA, NOW), writes=True)
    assess(store, form)
    assert store.run_here(lambda db: assessment_picks.taken(db, "main", NOW)) == {8: ANNA}


def test_a_criterion_that_is_removed_while_a_task_is_assessed_is_left_out_or_kept(store: Database) -> None:
    """Never a mark of nothing, and no error that says nothing."""
    for number in range(8):
        form = add_form(store, f"Звонок {number}")
        without = form.values._replace(criteria=form.values.criteria[:1])
        change = partial(assessment_forms.change, actor_id=ANNA, form_id=form.id, wanted=without, known=form.version)

        def save(db: Session, assessor: int, number: int = number, form_id: int = form.id) -> AssessmentRow:
            criteria = assessment_forms.one(db, form_id, for_update=True).values.criteria
            marks = tuple(MarkValues(it.id or 0, 1, it.weight, it.most) for it in criteria)
            return assessments.save(db, assessor, task(number), Wanted(form_id, 50, marks, ""), None, NOW)

        changed, *saved = at_once(store, change, *(partial(save, assessor=it) for it in (ANNA, BORIS)))
        assert isinstance(changed, FormRow) and changed.values == without
        ids = [it.id for it in saved if isinstance(it, AssessmentRow)]
        assert len(ids) == 2, saved
        found = store.run_here(lambda db, ids=ids: assessments.marks_of(db, ids))
        named = {it.criterion_id for its in found.values() for it in its}
        assert store.run_here(lambda db, named=named: assessment_forms.criteria_named(db, named)).keys() == named
