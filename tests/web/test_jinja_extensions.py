"""What is done when a template is read, and what only when it is shown."""

from datetime import UTC, date, datetime, timedelta

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError

from helpdesk.paths import folder
from helpdesk.services import Services
from helpdesk.tasks.model import Member, Priority, Ref, Status, TaskRow
from helpdesk.web.core.services import path_maker
from helpdesk.web.core.templating import Renderer
from helpdesk.web.edge.static_files import StaticFiles
from helpdesk.web.routes import ROUTES


@pytest.fixture
def environments(services: Services) -> dict[str, Environment]:
    return Renderer(
        services.settings.timezone, StaticFiles(folder("static")).address, path_maker(ROUTES), "Us"
    ).environments


def shown(environment: Environment, source: str, **context: object) -> str:
    environment.loader = DictLoader({"it": source})
    return environment.get_template("it").render(context)


@pytest.mark.parametrize(("language", "close"), [("ru", "Закрыть"), ("en", "Close")])
def test_a_sentence_without_values_is_read_in_its_language(
    environments: dict[str, Environment], language: str, close: str
) -> None:
    source = """<b title="{{ _('Close') }}">{{ _("Close") }}</b>{{_('Close')}} {{- _("Close") -}} !"""
    environment = environments[language]
    expected = f'<b title="{close}">{close}</b>{close}{close}!'
    assert shown(environment, source) == expected
    environment.globals["_"] = None  # nobody is asked when it is shown
    assert shown(environment, source) == expected


def test_everything_else_in_braces_waits_until_it_is_shown(environments: dict[str, Environment]) -> None:
    environment = environments["ru"]
    assert shown(environment, '{{ _("Close") if x else _("Find") }}', x=False) == "Найти"
    assert shown(environment, '{{ _("Close")|upper }}{{ _(x) }}', x="Find") == "ЗАКРЫТЬНайти"
    assert shown(environment, '{{ say("Close") }}{{ x }}{{ "_" }}', say=str.upper, x="<") == "CLOSE&lt;_"


def test_a_sentence_is_a_format_as_it_is_everywhere(environments: dict[str, Environment]) -> None:
    assert shown(environments["en"], '{{ _("100 %%") }}{{ _("100 %%")|lower }}') == "100 %100 %"
    with pytest.raises((TypeError, TemplateSyntaxError)):
        shown(environments["en"], '{{ _("%(count)s tasks") }}')


def test_a_part_stands_in_its_page_and_keeps_what_it_sets(environments: dict[str, Environment]) -> None:
    environment = environments["ru"]
    files = {
        "page": '{% set x = 0 %}\n{% for x in "ab" %}\n  {% include "part" %}\n{% endfor %}\n{{ x }}',
        "part": '{# a part #}\n{% set y = x|upper %}\n{% include "inner" %}\n{{ y }};\n',
        "inner": '{% set y = "inner" %}\n  <b>{{ x }}{{ loop.index }}{{ y }}</b>\n',
    }
    environment.loader = DictLoader(files)
    shown = environment.get_template("page").render()
    assert shown == "<b>a1inner</b>A;<b>b2inner</b>B;0"
    files.clear()  # nobody reads it when the page is shown
    assert environment.get_template("page").render() == shown


def test_a_cached_fragment_is_rendered_once_for_the_same_values(environments: dict[str, Environment]) -> None:
    environment, asked = environments["ru"], []
    environment.filters["told"] = lambda it: asked.append(it) or it
    source, part = (
        '{{ cached("part", it=x) }}{{ cached("part", it=x) }}{{ cached("part", it=y) }}',
        "<b>{{ it|told }}</b>",
    )
    environment.loader = DictLoader({"page": source, "part": part})
    page = environment.get_template("page")
    assert page.render(x="<1>", y=2) == page.render(x="<1>", y=2) == "<b>&lt;1&gt;</b><b>&lt;1&gt;</b><b>2</b>"
    assert asked == ["<1>", 2]


def test_a_row_is_another_one_with_any_other_value(services: Services, environments: dict[str, Environment]) -> None:
    on, at = date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC)
    status, anna = Status(1, "Новая"), Member(5, "Анна")
    row = TaskRow(7, "Стул", status, Priority(2, "Высокий"), Ref(3, "Офис"), Ref(4, "Вопрос"), on, anna, anna, at, at)
    others = (
        row,
        row._replace(subject="Стол"),
        row._replace(status=status._replace(is_closed=True)),
        row._replace(assignee=None),
        row._replace(due_date=None),
        row._replace(updated_on=at + timedelta(days=1)),
    )
    cached = environments["ru"].globals["cached"]
    columns = ("due_date", "updated_on", "assigned_to")
    usual = {
        "columns": columns,
        "may_edit": True,
        "fresh": False,
        "unread": False,
        "created": "",
        "updated": "",
        "clock": None,
    }
    shown = [cached("lists/_row.html", origin="", row=one, today=on, **usual) for one in others]
    shown.append(cached("lists/_row.html", origin="", row=row, today=on + timedelta(days=1), **usual))
    assert len(set(shown)) == len(shown)
