"""What a person sees while Redmine's database does not answer: everything, and a quiet line that says so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from e2e import html, steps
from tests.running import running_over_redmine
from tests.servers.process import free_port
from tests.servers.redmine import Redmine

pytestmark = [
    pytest.mark.xdist_group("redmine pages"),
    pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True),
]


@pytest.fixture
def site(redmine: Redmine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    mysql = redmine.mysql
    settings = {"MYSQL_HOST": mysql.host, "MYSQL_PORT": str(free_port()), "MYSQL_DATABASE": mysql.database}
    folder = tmp_path_factory.mktemp("without-a-database")
    with running_over_redmine(folder, redmine, MYSQL_USER=mysql.user, **settings) as helpdesk:
        yield helpdesk.url


def test_a_list_is_there_and_says_since_when_it_comes_the_slow_way(
    page: Page, redmine: Redmine, html_faults: html.Faults
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    steps.come_in(page, "anna", redmine.passwords["anna"])
    answer = page.goto("/tasks")
    expect(steps.subjects(page).first).to_be_visible()
    line = page.get_by_role("status").filter(has_text="База данных Redmine не отвечает с")
    expect(line).to_be_visible()
    expect(line.locator("time")).to_have_count(1)
    expect(page.get_by_label("Номер или слова темы")).to_be_visible()
    assert answer and html_faults(answer.text()) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
