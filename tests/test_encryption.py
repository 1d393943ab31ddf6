"""Secrets lie encrypted in the store. A new key takes over from an old one that is still in the list, and only then."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from helpdesk import __main__, commands
from helpdesk.encryption import Box
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.access import RedmineKey, SecondFactor
from tests.world import PEOPLE_IDS

OLD, NEW, OTHER = "old" * 12, "new" * 12, "other" * 8
SECRET = "JBSWY3DPEHPK3PXP"

Stored = Callable[[], list[str]]


@given(st.text(max_size=200).filter(lambda it: it.encode("utf-8", "ignore").decode() == it))
def test_a_secret_comes_back_from_its_own_key_alone(text: str) -> None:
    sealed = Box([NEW]).seal(text)
    assert Box([OTHER, NEW]).open(sealed) == text
    assert Box([OTHER]).open(sealed) is None and Box([OTHER]).renew(sealed) is None


def test_the_same_secret_never_looks_the_same_and_a_changed_one_is_refused() -> None:
    box = Box([NEW])
    first, second = box.seal(SECRET), box.seal(SECRET)
    assert first != second and SECRET not in first + repr(box) + repr(vars(box)) and NEW not in repr(vars(box))
    changed = first[:20] + ("-" if first[20] == "A" else "A") + first[21:]
    for broken in ("", "x", "ключ", "\udcff", first[:-1], changed, "A" * 1_000_000):
        assert box.open(broken) is None and box.renew(broken) is None


def test_a_renewed_secret_needs_the_old_key_no_more() -> None:
    renewed = Box([NEW, OLD]).renew(Box([OLD]).seal(SECRET))
    assert renewed and Box([NEW]).open(renewed) == SECRET and Box([OLD]).open(renewed) is None


@pytest.mark.parametrize("keys", [[], [""], [NEW, ""]])
def test_nothing_is_encrypted_by_an_empty_key(keys: list[str]) -> None:
    with pytest.raises(RuntimeError):
        Box(keys)


def test_the_keys_of_secrets_sign_nothing() -> None:
    """Both are made of SECRET_KEY; a signature must not be a secret's key, nor the other way round."""
    assert Box([NEW]).open(Box([f"{NEW} "]).seal(SECRET)) is None


@pytest.fixture
def stored(database: Database) -> Stored:
    """A second factor, a key of Redmine and the phone of one of two sessions, which OLD encrypted; `stored()` returns
    them as they lie in the store."""

    def work(db: Session) -> None:
        now = datetime.now(UTC)
        db.add(SecondFactor(person_id=PEOPLE_IDS["anna"], secret=Box([OLD]).seal(SECRET), confirmed_at=now))
        db.add(RedmineKey(person_id=PEOPLE_IDS["boris"], secret=Box([OLD]).seal("f" * 40), fetched_at=now))
        for mark, phone in (("on the phone", Box([OLD]).seal("1234")), ("elsewhere", None)):
            times = {"created_at": now, "expires_at": now + timedelta(days=1)}
            db.add(tables.Session(id_hash=mark, person_id=PEOPLE_IDS["irina"], phone_secret=phone, **times))

    def look(db: Session) -> list[str]:
        rows = db.get(SecondFactor, PEOPLE_IDS["anna"]), db.get(RedmineKey, PEOPLE_IDS["boris"])
        return [*(row.secret for row in rows if row), db.get_one(tables.Session, "on the phone").phone_secret or ""]

    database.run_here(work, writes=True)
    return lambda: database.run_here(look)


@pytest.fixture
def rotate(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> Callable[[str], tuple[int, str]]:
    """`rotate("…")` runs `helpdesk rotate-secrets` with this SECRET_KEY; its exit code and what it prints."""
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setattr(commands, "keep_private", lambda: None)
    monkeypatch.setenv("DATABASE_URL", str(database.engine.url))

    def run(keys: str) -> tuple[int, str]:
        monkeypatch.setenv("SECRET_KEY", keys)
        code, told = __main__.main(["rotate-secrets"]), capsys.readouterr()
        return code, told.out + told.err

    return run


def test_rotation_encrypts_everything_with_the_newest_key(
    stored: Stored, rotate: Callable[[str], tuple[int, str]]
) -> None:
    code, told = rotate(f"{NEW},{OLD}")
    assert code == 0 and "1 second factors" in told and "1 keys of Redmine" in told
    assert "1 passwords of the phone" in told
    assert [Box([NEW]).open(sealed) for sealed in stored()] == [SECRET, "f" * 40, "1234"]
    assert rotate(NEW)[0] == 0
    assert OLD not in told and NEW not in told and SECRET not in told


def test_rotation_names_what_no_key_opens_and_keeps_it(
    stored: Stored, rotate: Callable[[str], tuple[int, str]]
) -> None:
    before = stored()
    code, told = rotate(f"{NEW},{OTHER}")
    assert code == 1 and "1 second factors can't be opened: anna" in told and "boris" in told and "irina" in told
    assert stored() == before


def test_rotation_needs_a_key(rotate: Callable[[str], tuple[int, str]]) -> None:
    code, told = rotate("")
    assert code == 1 and "SECRET_KEY" in told
