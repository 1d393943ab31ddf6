"""What an old key signed is accepted while that key is in SECRET_KEY's list, and refused after."""

from helpdesk.settings.settings import RateLimit
from tests.web.conftest import Visit
from tests.world import PASSWORDS

OLD, NEW, OTHER = "old" * 12, "new" * 12, "other" * 8
ANNA = {"username": "anna", "password": PASSWORDS["anna"]}


def test_a_session_outlives_its_key_while_that_is_in_the_list(visit: Visit) -> None:
    first = visit(secret_key=OLD)
    assert first.post("/users/login", json=ANNA).status_code == 200
    for keys, status in ((f"{NEW},{OLD}", 200), (f"{OTHER},{NEW},{OLD}", 200), (NEW, 401), (f"{NEW},{OTHER}", 401)):
        later = visit(secret_key=keys)
        later.cookies.set("session", first.cookies["session"])
        assert later.get("/tasks/my-tasks").status_code == status, keys


def test_the_newest_key_signs(visit: Visit) -> None:
    first = visit(secret_key=f"{NEW},{OLD}")
    assert first.post("/users/login", json=ANNA).status_code == 200
    for keys, status in ((NEW, 200), (OLD, 401)):
        later = visit(secret_key=keys)
        later.cookies.set("session", first.cookies["session"])
        assert later.get("/tasks/my-tasks").status_code == status, keys


def test_a_known_device_outlives_its_key_while_that_is_in_the_list(visit: Visit) -> None:
    """Its cookie is sealed together with its time."""
    limit = RateLimit(1, 60)
    first, stranger = visit(secret_key=OLD), visit(secret_key=f"{NEW},{OLD}", login_rate_limit=limit)
    assert first.post("/users/login", json=ANNA).status_code == 200
    device = next(it for it in first.cookies.jar if it.name == "device")
    assert stranger.post("/users/login", json=ANNA | {"password": "wrong"}).status_code == 401
    for keys, status in ((NEW, 429), (f"{NEW},{OLD}", 200)):
        later = visit(secret_key=keys, login_rate_limit=limit)
        later.cookies.jar.set_cookie(device)
        assert later.post("/users/login", json=ANNA).status_code == status, keys
