"""What the doctor says of a real Redmine and its real database, in good health and otherwise."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from helpdesk.adapters import checks, schema_trouble
from helpdesk.errors import Sentence
from helpdesk.health import Check, Finding, Trouble, examine
from helpdesk.settings import settings as configuration
from helpdesk.store import request_categories
from helpdesk.store.database import Database
from helpdesk.store.request_categories import CategoryValues
from tests.running import database_of
from tests.servers import redis
from tests.servers.fixtures import unavailable
from tests.servers.mariadb import url_of
from tests.servers.process import free_port
from tests.servers.redmine import Redmine

Environ = dict[str, str]


@pytest.fixture
def environ(redmine: Redmine, database: Database) -> Environ:
    return {
        "DATABASE_URL": str(database.engine.url),
        "REDMINE_URL": redmine.url,
        "REDMINE_API_KEY": redmine.admin_key,
        **database_of(redmine),
    }


async def findings(environ: Environ) -> dict[str, str]:
    async with checks(configuration.load(environ, Path("/nowhere"))) as listed:
        return {finding.system: str(finding) for finding in await examine(listed)}


async def test_the_doctor_reports_a_healthy_system(environ: Environ) -> None:
    assert list((await findings(environ)).values()) == ["The store: ok", "Redmine: ok", "Redmine's database: ok"]


async def test_only_what_is_set_is_checked(environ: Environ) -> None:
    without = {name: value for name, value in environ.items() if not name.startswith("MYSQL")}
    assert list(await findings(without)) == ["The store", "Redmine"]
    assert list(await findings({"DATABASE_URL": environ["DATABASE_URL"]})) == ["The store"]


async def test_the_doctor_checks_what_requests_need(environ: Environ, redmine: Redmine, database: Database) -> None:
    field, boris = redmine.fields["Кабинет"], str(redmine.user_ids["boris"])
    environ |= {"REDMINE_ANONYMOUS_USER_ID": boris, "REQUESTER_FIELDS": f"cf_{field}"}
    engine = sa.create_engine(url_of(redmine.mysql_writer))
    with engine.begin() as db:
        db.execute(sa.text(f"UPDATE custom_fields SET is_filter = 1 WHERE id = {field}"))
    engine.dispose()

    def lead_to(project: str) -> None:
        wanted = CategoryValues(project, "", redmine.projects[project], None, True)
        database.run_here(lambda db: request_categories.add(db, 1, wanted), writes=True)

    async def found(**changed: str) -> str:
        return (await findings(environ | changed))["Requests in Redmine"]

    lead_to("help")
    assert await found() == "Requests in Redmine: ok"
    assert "no custom field cf_999" in await found(REQUESTER_FIELDS="cf_999")
    assert "no field easy_email_to" in await found(REQUESTER_FIELDS="easy_email_to")
    assert "no user 999999" in await found(REDMINE_ANONYMOUS_USER_ID="999999")
    assert "is locked" in await found(REDMINE_ANONYMOUS_USER_ID=str(redmine.user_ids["locked"]))
    lead_to("public-board")
    assert f"not create tasks in project {redmine.projects['public-board']}" in await found()


WRONG: dict[str, tuple[str, Callable[[Redmine], Environ], str, str]] = {
    "a key that nobody has": ("Redmine", lambda _: {"REDMINE_API_KEY": "0" * 40}, "refuses our key", "REDMINE_API_KEY"),
    "a plain person's key": (
        "Redmine",
        lambda redmine: {"REDMINE_API_KEY": redmine.plain_key},
        "no administrator's",
        "REDMINE_API_KEY",
    ),
    "no Redmine": (
        "Redmine",
        lambda _: {"REDMINE_URL": f"http://127.0.0.1:{free_port()}"},
        "no good answer",
        "REDMINE_URL",
    ),
    "a wrong password": (
        "Redmine's database",
        lambda _: {"MYSQL_PASSWORD": "geheim"},
        "refuses our user",
        "MYSQL_USER",
    ),
    "a database not ours": (
        "Redmine's database",
        lambda _: {"MYSQL_DATABASE": "mysql"},
        "may not use it",
        "MYSQL_DATABASE",
    ),
    "another database": (
        "Redmine's database",
        lambda _: {"MYSQL_DATABASE": "information_schema"},
        "attachments, custom_field_enumerations",
        "MYSQL_DATABASE",
    ),
    "nobody there": (
        "Redmine's database",
        lambda _: {"MYSQL_PORT": str(free_port())},
        "nobody answers there",
        "MYSQL_PORT",
    ),
    "a user with all rights": (
        "Redmine's database",
        lambda redmine: {"MYSQL_USER": redmine.mysql_writer.user, "MYSQL_PASSWORD": redmine.mysql_writer.password},
        "SELECT on tokens",
        "helpdesk grants",
    ),
    "a wrong time zone": (
        "Redmine's database",
        lambda _: {"REDMINE_DB_TIMEZONE": "Asia/Omsk"},
        "Asia/Omsk by its database",
        "REDMINE_DB_TIMEZONE",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_the_doctor_reports_faults_with_a_remedy_and_without_secrets(
    environ: Environ, redmine: Redmine, case: str
) -> None:
    system, wrong, reason, advice = WRONG[case]
    given = environ | wrong(redmine)
    told = await findings(given)
    assert told[system].startswith(f"{system}: broken: ") and reason in told[system] and advice in told[system]
    others = {name: line for name, line in told.items() if name != system}
    assert set(others.values()) == {f"{name}: ok" for name in others}
    secrets = [given[name] for name in ("REDMINE_API_KEY", "MYSQL_PASSWORD")]
    assert not any(secret in line for secret in secrets for line in told.values())


async def test_a_store_that_is_not_current_or_not_there_is_reported(tmp_path: Path) -> None:
    assert "helpdesk migrate" in (await findings({"DATABASE_URL": str(tmp_path / "new.db")}))["The store"]
    assert "DATABASE_URL" in (await findings({"DATABASE_URL": "/nonexistent/folder/x.db"}))["The store"]


async def test_a_check_that_fails_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise LookupError("geheim")

    async def pass_by() -> None: ...

    told = [str(it) for it in await examine([Check("A", fail), Check("B", pass_by)])]
    assert told == ["A: broken: the check itself failed: LookupError. The log says more.", "B: ok"]
    assert [(it.message, it.__dict__["system"]) for it in caplog.records] == [("a check failed", "A")]


async def test_redis_is_reached_and_lets_us_publish_and_subscribe(database: Database, tmp_path: Path) -> None:
    if reason := redis.why_not_here():
        unavailable(f"no real Redis: {reason}")
    secrets = ("--requirepass", "melon", "--user", "mute", "on", ">melon", "~*", "+@all", "resetchannels")

    async def told(url: str) -> str:
        return (await findings({"DATABASE_URL": str(database.engine.url), "REDIS_URL": url}))["Redis"]

    with redis.running_redis(tmp_path, *secrets) as server:
        place = f"127.0.0.1:{server.port}"
        assert await told(f"redis://:melon@{place}") == "Redis: ok"
        refused = [await told(f"redis://{who}{place}") for who in ("", ":lemon@", "nobody:melon@")]
        assert all("refuses us" in it and "REDIS_URL" in it and "lemon" not in it for it in refused)
        assert "+publish +subscribe" in await told(f"redis://mute:melon@{place}")
    assert "does not answer" in await told(f"redis://:melon@{place}")


async def test_a_system_that_never_answers_hinders_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> None:
        raise TimeoutError

    async def fine() -> None:
        pass

    found = await examine([Check("One", never), Check("Two", fine)])
    assert [finding.trouble is None for finding in found] == [False, True]


def test_a_finding_is_one_line() -> None:
    assert str(Finding("It", None)) == "It: ok"
    assert (
        str(Finding("It", Trouble(Sentence("it is sad"), Sentence("Cheer it up."))))
        == "It: broken: it is sad. Cheer it up."
    )


def test_before_serving_only_a_wrong_schema_is_a_trouble(environ: Environ) -> None:
    def trouble(**changed: str) -> Trouble | None:
        return schema_trouble(configuration.load(environ | changed, Path("/nowhere")))

    assert trouble() is None
    assert trouble(MYSQL_PORT=str(free_port())) is None
    wrong = trouble(MYSQL_DATABASE="information_schema")
    assert wrong and "attachments" in str(wrong)
