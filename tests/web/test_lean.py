"""What is done when a template is read, and what only when it is shown."""

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError

from helpdesk.assets import folder
from helpdesk.services import Services
from helpdesk.web.rendering import Renderer
from helpdesk.web.static import StaticFiles


@pytest.fixture
def environments(services: Services) -> dict[str, Environment]:
    return Renderer(services.settings.timezone, StaticFiles(folder("static"))).environments


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
