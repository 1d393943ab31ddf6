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
