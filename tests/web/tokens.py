"""What tests of programs with tokens share."""

from typing import Any

from starlette.testclient import TestClient

from tests.web.conftest import Visit

ADDRESS = "/users/tokens"


def make(client: TestClient, scope: str = "write", name: str = "script", **more: Any) -> dict[str, Any]:
    """What the answer says to somebody who makes a token."""
    answer = client.post(ADDRESS, json={"name": name, "scope": scope, **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def program(visit: Visit, token: str) -> TestClient:
    """A program with a token and without a cookie."""
    client = visit()
    client.headers["Authorization"] = f"Bearer {token}"
    return client
