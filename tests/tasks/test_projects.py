"""Projects as a tree."""

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.tasks.projects import Project, ProjectMember, in_tree_order, members, with_depths, with_descendants

OFFICE, HELP, PRINTING, TONER = (
    Project(1, "office"),
    Project(2, "Help"),
    Project(3, "printing", parent_id=2),
    Project(4, "Toner", parent_id=3),
)
NETWORK, HIDDENS = Project(5, "network", parent_id=2), Project(6, "under a hidden one", parent_id=77)
ALL = (TONER, HIDDENS, OFFICE, PRINTING, NETWORK, HELP)
TREES = st.integers(0, 12).flatmap(
    lambda n: st.tuples(*(st.builds(Project, st.just(i), st.text(max_size=3), parent_id=_parent(i)) for i in range(n)))
)


def _parent(number: int) -> st.SearchStrategy[int | None]:
    """Of those made before, or one that nobody sees."""
    return st.sampled_from([None, 99, *range(number)])


def test_parents_stand_before_their_children_and_siblings_by_name() -> None:
    assert in_tree_order(ALL) == (HELP, NETWORK, PRINTING, TONER, OFFICE, HIDDENS)


def test_the_depth_is_the_number_of_projects_above() -> None:
    assert dict(with_depths(ALL)) == {HELP: 0, NETWORK: 1, PRINTING: 1, TONER: 2, OFFICE: 0, HIDDENS: 0}


def test_the_chosen_project_comes_first_and_then_its_subprojects() -> None:
    assert with_descendants((2,), ALL) == (2, 5, 3, 4)
    assert with_descendants((3, -1), ALL) == (3, -1, 4)
    assert with_descendants((1,), ALL) == (1,) and with_descendants((), ALL) == ()


@given(TREES)
def test_a_tree_in_order_holds_everybody_once_and_parents_first(projects: tuple[Project, ...]) -> None:
    ordered = in_tree_order(projects)
    assert sorted(project.id for project in ordered) == [project.id for project in projects]
    places = {project.id: place for place, project in enumerate(ordered)}
    assert all(places[it.parent_id] < places[it.id] for it in projects if it.parent_id in places)


def test_projects_that_hold_each_other_do_not_hang_anything() -> None:
    assert in_tree_order((Project(1, "a", parent_id=2), Project(2, "b", parent_id=1))) == ()


def test_each_member_stands_once_by_name_with_roles_in_their_order() -> None:
    rows = [(3, "яна", "Первая"), (2, "Борис", "Первая"), (3, "яна", "Вторая"), (3, "яна", "Первая"), (1, "Анна", None)]
    assert members(rows) == (
        ProjectMember(1, "Анна", ()),
        ProjectMember(2, "Борис", ("Первая",)),
        ProjectMember(3, "яна", ("Первая", "Вторая")),
    )
