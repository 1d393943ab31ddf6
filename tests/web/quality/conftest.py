"""Who assesses tasks, and by which form."""

from typing import Any

import pytest

from helpdesk.services import Services
from tests.web.conftest import Client, Visit
from tests.web.quality.assessing import add_form, let_control


@pytest.fixture
def boris(visit: Visit, services: Services) -> Client:
    let_control(services, "boris")
    return visit("boris")


@pytest.fixture
def form(visit: Visit) -> Any:
    return add_form(visit("admin"))
