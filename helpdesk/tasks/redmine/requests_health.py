"""The check of what requests need in Redmine: the fields with addresses, and the user for people without an account."""

from collections.abc import Awaitable, Callable, Collection

from helpdesk.errors import NotAllowed, NotFound, WrongKey, sentence
from helpdesk.health import Check, Trouble
from helpdesk.redmine_client import JSON, RedmineClient, part, user_id
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.rest.metadata_cache import items
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.requests import easy_columns
from helpdesk.tasks.redmine.sql.source import Source

ACTIVE, ANONYMOUS = 1, 0
"""The statuses of users who may write. Source: Redmine's Principal."""
FIELDS = sentence("Check REQUESTER_FIELDS.")
NUMBER = sentence("Check REDMINE_ANONYMOUS_USER_ID.")

Places = Callable[[], Awaitable[Collection[int]]]
"""Returns the projects to which the categories of requests lead."""


def check(
    client: RedmineClient,
    nameless: RedmineClient | None,
    database: RedmineDatabase | None,
    fields: tuple[str, ...],
    number: int | None,
    places: Places,
) -> Check:
    """Check that the fields exist and can be searched, and that the user exists and may create where it has to."""

    async def look() -> None:
        await _require_fields(client, database, fields)
        if number is not None and nameless is not None:
            await _require_author(client, nameless, database, number, await places())

    return Check("requests", look, needs="redmine")


async def _require_fields(client: RedmineClient, database: RedmineDatabase | None, fields: tuple[str, ...]) -> None:
    custom = [each for each in fields if each.startswith("cf_")]
    known = items(await client.get("/custom_fields.json"), "custom_fields") if custom else []
    for name in custom:
        field = next((it for it in known if f"cf_{it.get('id')}" == name), None)
        if field is None or field.get("customized_type") != "issue":
            raise Trouble(sentence("issues have no custom field %(name)s", name=name), FIELDS)
        if field.get("is_filter") is not True:
            advice = sentence("Allow in Redmine's administration of custom fields to use it as a filter.")
            raise Trouble(sentence("issues can't be searched by the custom field %(name)s", name=name), advice)
    easy = [each for each in fields if each not in custom]
    if easy and database:
        present = await database.run_unnoted(easy_columns)
        if missing := [each for each in easy if each not in present]:
            raise Trouble(sentence("issues have no field %(name)s", name=missing[0]), FIELDS)


async def _require_author(
    client: RedmineClient,
    nameless: RedmineClient,
    database: RedmineDatabase | None,
    number: int,
    places: Collection[int],
) -> None:
    try:
        user = part(await client.get(f"/users/{number}.json"), "user")
    except (NotFound, NotAllowed) as error:
        raise Trouble(sentence("there is no user %(number)s", number=number), NUMBER) from error
    if user.get("status", ACTIVE) not in (ACTIVE, ANONYMOUS):
        raise Trouble(sentence("the user %(number)s is locked", number=number), NUMBER)
    may = await _projects(client, nameless, database, user, places)
    if closed := sorted(set(places) - may):
        advice = sentence("Give the user a role with the right to add issues there, or change the categories.")
        raise Trouble(
            sentence(
                "the user %(number)s may not create tasks in project %(project)s", number=number, project=closed[0]
            ),
            advice,
        )


async def _projects(
    client: RedmineClient,
    nameless: RedmineClient,
    database: RedmineDatabase | None,
    user: JSON,
    places: Collection[int],
) -> set[int]:
    """Return those projects in which the user may create; of the anonymous user those that are seen without a key."""
    if login := str(user.get("login") or ""):
        backend = RedmineBackend(client, "textile", Source(database) if database else None)
        return {it.id for it in await backend.projects_for_new(Actor(user_id(user), login))}
    return {project for project in places if await _is_open(nameless, project)}


async def _is_open(nameless: RedmineClient, project: int) -> bool:
    try:
        await nameless.get(f"/projects/{project}.json")
    except (NotFound, NotAllowed, WrongKey):
        return False
    return True
