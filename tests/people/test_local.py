"""Local accounts: the hash is checked whether the login exists or not."""

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from helpdesk.people import passwords
from helpdesk.people.local import LocalDirectory
from helpdesk.store.database import Database
from tests.world import PASSWORDS, PEOPLE_IDS


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of hashes that were checked against a password, in order."""
    seen = []
    passwords._decoy()
    hasher = passwords.HASHER

    class Watched:
        @staticmethod
        def verify(password_hash: str, password: bytes) -> bool:
            seen.append(password_hash.split("$")[1])
            return hasher.verify(password_hash, password)

    monkeypatch.setattr(passwords, "HASHER", Watched)
    return seen


@pytest.mark.parametrize("login", ["anna", "nobody"])
async def test_a_hash_of_the_same_kind_is_checked_for_a_known_and_an_unknown_login(
    database: Database, checked: list[str], login: str
) -> None:
    assert await LocalDirectory(database).sign_in(login, "wrong") is None
    assert checked == ["argon2id"]


async def test_the_decoy_opens_no_door(database: Database, checked: list[str]) -> None:
    assert await LocalDirectory(database).sign_in("nobody", "a password that nobody has") is None


async def test_the_right_password_is_anna(database: Database) -> None:
    person = await LocalDirectory(database).sign_in("anna", PASSWORDS["anna"])
    assert person and (person.login, person.id, person.redmine_id) == ("anna", str(PEOPLE_IDS["anna"]), None)


async def test_a_substituted_password_is_checked_against_the_same_hash(database: Database, checked: list[str]) -> None:
    async def nobodys(login: str, password: str) -> str:
        return "a password that anna has not"

    assert await LocalDirectory(database).sign_in("anna@example.test", PASSWORDS["anna"], nobodys) is None
    assert checked == ["argon2id"]


def test_a_hash_takes_what_rfc_9106_recommends(own_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", own_hasher)
    kept = passwords.hashed("a password")
    assert extract_parameters(kept) == RFC_9106_LOW_MEMORY and passwords._verify(kept, "a password")
    assert not passwords._verify(kept, "another")
