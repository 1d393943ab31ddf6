"""Somebody without an identity in the task system finds a way: to their requests, to colleagues, and to nothing that
refuses them."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from helpdesk.errors import NotAllowed
from helpdesk.people.model import SignedIn
from helpdesk.services import Services
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.tasks.model import Actor
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import EmbeddedWorld


@pytest.fixture
def services(services: Services) -> Services:
    """Those of a helpdesk whose task system does not know the stranger."""

    def identify(signed_in: SignedIn) -> Actor:
        if signed_in.person.login == "stranger":
            raise NotAllowed
        return services.identify(signed_in)

    return replace(services, identify=identify)


@pytest.fixture
def stranger(visit: Visit) -> Client:
    return visit("stranger")


def links(page: str) -> Iterator[str]:
    return (it.replace("&amp;", "&") for it in re.findall(r'<a [^>]*href="(/[^"#]*)', page))


def test_every_page_that_the_navigation_offers_lets_them_in(stranger: Client) -> None:
    rail, menu = stranger.get("/requests", headers=HTML).text, stranger.get("/users/menu", headers=HTML).text
    addresses = {*links(rail), *links(menu)} - {"/users/logout", "/"}
    assert {"/requests", "/requests/new", "/users", "/notifications"} <= addresses
    assert not {"/tasks", "/tasks/new", "/tasks/my-tasks", "/tasks/board", "/replies", "/views"} & addresses
    for address in addresses:
        assert stranger.get(address, headers=HTML).status_code == 200, address
    assert 'role="search" action="/requests"' in rail


def test_staff_are_offered_tasks_and_no_second_way_to_ask(anna: Client) -> None:
    addresses = [*links(anna.get("/notifications", headers=HTML).text)]
    assert addresses.count("/requests") == 1 and "/requests/new" not in addresses and "/tasks/new" in addresses


def test_the_palette_finds_their_requests(stranger: Client, embedded: EmbeddedWorld, database: Database) -> None:
    number = embedded.new_task("Пропуск не открывает дверь", author="stranger", assignee=None)
    embedded.new_task("Пропуск соседа", author="irina", assignee=None)
    found = stranger.get("/search?q=пропуск", headers=HTMX).text
    assert f'href="/requests/{number}"' in found and "соседа" not in found
    assert stranger.get("/search?q=", headers=HTMX).status_code == 200


def test_muted_tasks_refuse_no_settings_of_notifications(stranger: Client, services: Services) -> None:
    row = tables.NotificationPreference(person_id=5, told='{"muted_tasks": [7]}')
    services.database.run_here(lambda db: db.add(row), writes=True)
    assert stranger.get("/notifications/preferences", headers=HTML).status_code == 200
