"""The checks of Redmine and of its database."""

import logging
import time
from datetime import datetime

import sqlalchemy as sa

from helpdesk import tls
from helpdesk.errors import NotAllowed, NotFound, Unavailable, WrongKey, sentence
from helpdesk.health import Check, Trouble
from helpdesk.redmine_client import JSON, RedmineClient, tls_refusal
from helpdesk.tasks.redmine.rest.metadata_cache import items
from helpdesk.tasks.redmine.sql import schema_check
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent

log = logging.getLogger(__name__)
MOST_NAMED = 8
REFUSED = {
    1045: (
        sentence("it refuses our user"),
        sentence(
            "Check MYSQL_USER and MYSQL_PASSWORD, from which hosts that user may come, and MYSQL_SSL_MODE: MariaDB says"
            " the same where it takes encrypted connections alone."
        ),
    ),
    1044: (
        sentence("our user may not use it"),
        sentence("Check MYSQL_DATABASE; `helpdesk grants` prints the rights that are needed."),
    ),
    1049: (sentence("there is no database of that name"), sentence("Check MYSQL_DATABASE.")),
    2026: (
        sentence("it does not encrypt"),
        sentence("Let its server speak TLS, or set MYSQL_SSL_MODE to PREFERRED."),
    ),
    3159: (
        sentence("it takes encrypted connections alone"),
        sentence("Set MYSQL_SSL_MODE to REQUIRED, or VERIFY_CA with MYSQL_SSL_CA."),
    ),
    2003: (
        sentence("nobody answers there"),
        sentence("Check MYSQL_HOST and MYSQL_PORT, and whether the server runs."),
    ),
}
"""By MySQL's numbers of errors."""
SECOND = sentence("Check the settings MYSQL_QUALITY_*, and whether its server runs and lets our user in.")
UNKNOWN = (
    sentence("it does not answer as it should"),
    sentence("See its own log, and whether it can be reached from here."),
)
GRANTS = sentence("`helpdesk grants` prints the statements for a user who may read what is needed and nothing else.")


def rest(client: RedmineClient) -> Check:
    """Check that Redmine's API answers, and that our key is an administrator's, who alone may act as others."""

    async def check() -> None:
        try:
            await client.get_fixed("/users/current.json")
            await client.get("/users.json", params=[("limit", 1)])
        except WrongKey as error:
            advice = sentence("Check REDMINE_API_KEY, and that its administration allows the REST API.")
            raise Trouble(sentence("it refuses our key"), advice) from error
        except NotAllowed as error:
            advice = sentence("Take the API key of an administrator for REDMINE_API_KEY.")
            raise Trouble(sentence("our key is no administrator's"), advice) from error
        except Unavailable as error:
            if refusal := tls_refusal(error):
                raise Trouble(*refusal) from error
            advice = sentence("Check REDMINE_URL, and whether Redmine runs and can be reached.")
            raise Trouble(sentence("no good answer (%(why)s)", why=error.detail), advice) from error

    return Check("redmine", check)


def database(redmine_database: RedmineDatabase, client: RedmineClient) -> Check:
    """Check that it is the same Redmine's, that our user may only read, and that its times are read rightly."""

    async def check() -> float:
        began = time.perf_counter()
        try:
            with redmine_database.readable():
                missing, too_much = await redmine_database.run_unnoted(
                    lambda db: (schema_check.missing(db), schema_check.too_much(db))
                )
            took = time.perf_counter() - began
            if missing:
                raise _not_redmines(missing)
            if too_much:
                raise _may_more(too_much)
            await _compare_times(redmine_database, client)
            return took
        except Silent as error:
            refusal = tls.refusal(error, "MYSQL_HOST", "MYSQL_SSL_CA")
            raise Trouble(*(refusal or REFUSED.get(error.number, UNKNOWN))) from error

    return Check("mysql", check)


def second(database: RedmineDatabase) -> Check:
    """Check that a second Redmine's database is one, and that our user may only read it and call its procedures."""

    async def check() -> None:
        try:
            with database.readable():
                missing, too_much = await database.run_unnoted(
                    lambda db: (schema_check.missing(db), schema_check.too_much(db, ["EXECUTE"]))
                )
        except Silent as error:
            reason = tls.refusal(error, "MYSQL_QUALITY_HOST", "MYSQL_QUALITY_SSL_CA")
            raise Trouble(*(reason or (REFUSED.get(error.number, UNKNOWN)[0], SECOND))) from error
        if missing:
            raise Trouble(sentence("it lacks, or does not let our user see: %(names)s", names=_few(missing)), GRANTS)
        if too_much:
            raise _may_more(too_much)

    return Check("quality", check)


def schema_trouble(redmine_database: RedmineDatabase) -> Trouble | None:
    """Return what the database lacks; None when it does not answer, for then everything goes over REST."""
    try:
        with redmine_database.readable():
            missing = redmine_database.run_here(schema_check.missing)
    except Silent as error:
        log.warning("Redmine's database does not answer; reading goes over REST", extra={"error": error.detail})
        return None
    return _not_redmines(missing) if missing else None


def _not_redmines(missing: list[str]) -> Trouble:
    return Trouble(
        sentence("it lacks, or does not let our user see: %(names)s", names=_few(missing)),
        sentence("Check that MYSQL_DATABASE is Redmine's. %(grants)s", grants=GRANTS),
    )


def _may_more(rights: list[str]) -> Trouble:
    return Trouble(sentence("our user may do more than it needs: %(rights)s", rights=_few(rights)), GRANTS)


async def _compare_times(redmine_database: RedmineDatabase, client: RedmineClient) -> None:
    """Read one task both ways: Redmine answers in UTC, its database holds local time."""
    issue = await _some_issue(client)
    if issue is None:
        return
    by_rest = datetime.fromisoformat(issue["created_on"])
    query = sa.select(t.issues.c.created_on).where(t.issues.c.id == issue["id"])
    by_sql = await redmine_database.run_unnoted(lambda db: db.scalar(query))
    if by_sql is None:
        raise Trouble(
            sentence("it is another Redmine's: it does not know a task of ours"),
            sentence("Check MYSQL_HOST and MYSQL_DATABASE."),
        )
    if redmine_database.moment(by_sql) != by_rest:
        raise Trouble(
            sentence(
                "task %(task)s was created at %(by_rest)s UTC by Redmine and at %(by_sql)s %(zone)s by its database",
                task=issue["id"],
                by_rest=f"{by_rest:%d.%m.%Y %H:%M}",
                by_sql=f"{by_sql:%d.%m.%Y %H:%M}",
                zone=redmine_database.timezone.key,
            ),
            sentence("Set REDMINE_DB_TIMEZONE to the time zone of Redmine's process."),
        )


async def _some_issue(client: RedmineClient) -> JSON | None:
    try:
        params: list[tuple[str, str | int]] = [("status_id", "*"), ("limit", 1), ("sort", "id:desc")]
        issues = items(await client.get("/issues.json", params=params), "issues")
    except (Unavailable, NotAllowed, NotFound):  # the check of Redmine itself reports it
        return None
    return issues[0] if issues else None


def _few(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
