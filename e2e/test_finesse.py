"""An agent's way over Cisco Finesse, which is imitated, with a helpdesk that is served as in production."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.test_calls import HOLD, SLOWLY_MS, bar, becomes, button, calls, number_field, press, state
from e2e.watching import Announced
from tests.running import Helpdesk, running_production
from tests.servers.certificates import Authority
from tests.servers.imitated_finesse import OK, OUT_OF_SERVICE, ImitatedFinesse, imitated_finesse

AGENT, PASSWORD = "100001", "пароль-1"
ANSWER = "Ответить на звонок"

with_scripts = pytest.mark.parametrize("javascript", [True], ids=["with JavaScript"], indirect=True)


@pytest.fixture(scope="module")
def finesse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImitatedFinesse]:
    with imitated_finesse(Authority(tmp_path_factory.mktemp("authority"))) as server:
        server.add(AGENT, PASSWORD, "1001", is_supervisor=True)
        server.add("100002", PASSWORD, "1002", first_name="Ольга", last_name="Лебедева").state = "READY"
        yield server


@pytest.fixture(scope="module")
def served(finesse: ImitatedFinesse, tmp_path_factory: pytest.TempPathFactory, seeded: Path) -> Iterator[Helpdesk]:
    environ = {"FINESSE_BASE_URL": finesse.url, "FINESSE_CA_BUNDLE": str(finesse.authority.file)}
    with running_production(tmp_path_factory.mktemp("served"), seeded, environ) as helpdesk:
        yield helpdesk


@pytest.fixture
def site(served: Helpdesk, finesse: ImitatedFinesse) -> Iterator[str]:
    """The helpdesk, whose agent is signed out at the end."""
    yield served.url
    for call in list(finesse.calls):
        finesse.hang_up(call)
    finesse.force_logout(AGENT)
    for node in finesse.nodes:
        node.mode = OK


def sign_in(page: Page, password: str = PASSWORD) -> None:
    if not page.get_by_label("Идентификатор оператора").is_visible():
        page.locator("#phone-sign-in summary").click()
    page.get_by_label("Идентификатор оператора").fill(AGENT)
    page.get_by_label("Внутренний номер").fill("1001")
    page.get_by_label("Пароль телефона").fill(password)
    press(page, "Войти в телефон")


def test_a_call_of_a_queue_is_taken_held_and_passed_on(page: Page, javascript: bool, finesse: ImitatedFinesse) -> None:
    steps.come_to(page, "boris", "/tasks/my-tasks")
    sign_in(page)
    becomes(page, state(page, "Не готов"), javascript)
    call = finesse.ring(AGENT, "+79035550142", "Касса")
    becomes(page, button(page, ANSWER), javascript)
    expect(calls(page)).to_contain_text("Касса")
    press(page, ANSWER)
    becomes(page, button(page, HOLD), javascript)

    # A transfer that Finesse accepts, and the exchange behind it does not do.
    finesse.fail_next("TRANSFER_SST")
    number_field(page).fill("1002")
    press(page, "Перевести сразу")
    becomes(page, bar(page).get_by_text("но ничего не произошло"), javascript)

    number_field(page).fill("1002")
    press(page, "Перевести сразу")
    becomes(page, state(page, "Не готов"), javascript)
    expect(calls(page)).to_have_count(0)
    assert set(finesse.calls[call].ends) == {"+79035550142", "1002"}


@with_scripts
def test_a_forced_logout_and_an_outage_are_shown(page: Page, finesse: ImitatedFinesse) -> None:
    steps.come_to(page, "boris", "/tasks/my-tasks")
    sign_in(page)
    expect(state(page, "Не готов")).to_be_visible()
    for node in finesse.nodes:
        node.mode = OUT_OF_SERVICE
    expect(bar(page).get_by_text("не отвечает")).to_be_visible(timeout=SLOWLY_MS)
    finesse.nodes[1].mode = OK
    expect(bar(page).get_by_text("не отвечает")).to_have_count(0, timeout=2 * SLOWLY_MS)
    finesse.force_logout(AGENT)
    expect(state(page, "Не готов")).to_have_count(0, timeout=SLOWLY_MS)


@with_scripts
def test_a_wrong_password_is_asked_for_again(page: Page, finesse: ImitatedFinesse, announced: Announced) -> None:
    steps.come_to(page, "boris", "/tasks/my-tasks")
    before = finesse.refusals[AGENT]
    announced.add(403)
    sign_in(page, "falsch")
    expect(page.get_by_text("Телефонная система не принимает").first).to_be_visible()
    assert finesse.refusals[AGENT] == before + 1
    sign_in(page)
    expect(state(page, "Не готов")).to_be_visible()
