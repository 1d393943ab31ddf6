"""How Redmine's columns are read: Ruby's YAML, names of people, bits of fields."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from helpdesk.errors import BadResponse
from helpdesk.redmine_client import JSON, Params, RedmineClient
from helpdesk.tasks.redmine.rest.metadata_cache import MetadataCache
from helpdesk.tasks.redmine.sql import users as sql_users
from helpdesk.tasks.redmine.sql.config_snapshot import CORE_FIELDS, _role, _tracker, from_yaml
from helpdesk.tasks.redmine.sql.tables import users

LIMITED = """--- !ruby/hash:ActiveSupport::HashWithIndifferentAccess
permissions_all_trackers: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
  view_issues: '0'
  add_issues: '1'
permissions_tracker_ids: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
  view_issues:
  - '3'
  - '1'
  add_issues: []
"""
SYMBOLS = """---
:permissions_all_trackers:
  :view_issues: '0'
:permissions_tracker_ids:
  :view_issues: []
"""


def role(settings: str | None) -> object:
    names = {"builtin": 0, "assignable": 1, "issues_visibility": "all", "time_entries_visibility": "all"}
    return _role(SimpleNamespace(id=7, **names, permissions="---\n- :view_issues\n- :add_issues\n", settings=settings))


@pytest.mark.parametrize(
    "settings, trackers",
    [(None, {}), ("--- {}\n", {}), (LIMITED, {"view_issues": {1, 3}}), (SYMBOLS, {"view_issues": set()})],
)
def test_a_roles_limits_are_read_as_rails_wrote_them(settings: str | None, trackers: dict[str, set[int]]) -> None:
    found = role(settings)
    assert found.trackers == trackers and found.permissions == {"view_issues", "add_issues"}


def test_lists_of_values_are_read_in_any_script() -> None:
    assert from_yaml("---\n- Телефон\n- 'Да: лично'\n- !binary |-\n  0J/QvtGH0YLQsA==\n- 12\n") == [
        "Телефон",
        "Да: лично",
        "Почта",
        12,
    ]


def test_text_that_is_no_yaml_is_a_bad_response() -> None:
    with pytest.raises(BadResponse):
        from_yaml("--- [")


def test_an_object_of_ruby_makes_nothing_happen() -> None:
    assert from_yaml("--- !ruby/object:Gem::Installer\ni: x\n") == {"i": "x"}


@pytest.mark.parametrize(
    "style, name",
    [
        ("firstname_lastname", "Анна-Мария Смирнова"),
        ("firstname_lastinitial", "Анна-Мария С."),
        ("firstinitial_lastname", "А.-М. Смирнова"),
        ("firstname", "Анна-Мария"),
        ("lastname_firstname", "Смирнова Анна-Мария"),
        ("lastnamefirstname", "СмирноваАнна-Мария"),
        ("lastname_comma_firstname", "Смирнова, Анна-Мария"),
        ("lastname", "Смирнова"),
        ("username", "anna"),
        ("unheard_of", "Анна-Мария Смирнова"),
    ],
)
def test_people_are_called_as_redmine_is_set_to_call_them(style: str, name: str) -> None:
    anna = SimpleNamespace(login="anna", firstname="Анна-Мария", lastname="Смирнова", type="User")
    assert sql_users.name(anna, style) == name
    assert sql_users.name(SimpleNamespace(lastname="Диспетчеры", type="Group"), style) == "Диспетчеры"


@pytest.mark.parametrize(
    "style, columns",
    [
        ("username", ["login", "id"]),
        ("lastname", ["lastname", "id"]),
        ("lastname_firstname", ["lastname", "firstname", "id"]),
        ("firstinitial_lastname", ["firstname", "lastname", "id"]),
    ],
)
def test_people_are_sorted_as_redmine_sorts_them(style: str, columns: list[str]) -> None:
    found: list[sa.ColumnElement[object]] = sql_users.in_order(style, users)
    assert [column.key for column in found] == columns


def test_a_trackers_bits_take_fields_away() -> None:
    found = _tracker(SimpleNamespace(id=1, name="Ошибка", default_status_id=1, fields_bits=0b100000001))
    assert found.fields == set(CORE_FIELDS) - {"assigned_to_id", "description"}


@pytest.mark.parametrize("page", [100, 25], ids=["as asked", "of a server that gives less"])
async def test_a_list_in_pages_is_read_to_its_end_however_long_it_is(page: int) -> None:
    async def get(path: str, as_login: str | None, params: Params) -> JSON:
        asked = dict(params)
        first = int(asked["offset"])
        some = range(first, min(first + page, 1_234))
        return {"projects": [{"id": number} for number in some], "total_count": 1_234}

    client = RedmineClient("http://redmine.example.test", "key")
    found = await MetadataCache(client).all_of("/projects.json", "projects", None, get=get)
    assert [each["id"] for each in found] == list(range(1_234))
    await client.close()


async def test_a_list_that_lacks_what_it_counts_is_not_taken_for_whole() -> None:
    async def get(path: str, as_login: str | None, params: Params) -> JSON:
        return {"projects": [{"id": 1}] if dict(params)["offset"] == 0 else [], "total_count": 2}

    client = RedmineClient("http://redmine.example.test", "key")
    with pytest.raises(BadResponse):
        await MetadataCache(client).all_of("/projects.json", "projects", None, get=get)
    await client.close()
