"""Put quality control together by the settings: over the backend's tasks, or over those of a second Redmine."""

from collections.abc import Callable
from functools import partial

from sqlmodel import Session

from helpdesk import adapters
from helpdesk.adapters import Outside, SecondRedmine
from helpdesk.errors import NotAllowed, sentence
from helpdesk.people.model import SignedIn
from helpdesk.quality.service import Quality
from helpdesk.reports.source import ReportSource
from helpdesk.settings.settings import Settings
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.tasks.model import Actor

VOUCHED = ("redmine", "oracle", "ldap")
"""The directories whose logins are the company's. Whoever registers here chooses a login, and would become anybody."""
NOT_THERE = sentence(
    "You are nobody in the Redmine of quality control: it has no active user with your login or your proven e-mail."
)


def quality_control(
    settings: Settings,
    database: Database,
    systems: Outside,
    reports: ReportSource | None,
    identify: Callable[[SignedIn], Actor],
) -> Quality | None:
    """Return quality control, None where no tasks can be counted."""
    given = {**(settings.quality_kinds or {}), **(settings.quality_fields or {})}
    projects = settings.quality_projects or ()
    if systems.quality_database:
        second = adapters.second_redmine(systems.quality_database)
        who, address = partial(_there, database, second), settings.quality_redmine_url
        return Quality("quality", second.reports, database, who, given, projects, address, second.procedures)
    if reports is None:
        return None

    async def here(signed_in: SignedIn) -> Actor:
        return identify(signed_in)

    return Quality("main", reports, database, here, given, projects)


async def _there(database: Database, second: SecondRedmine, signed_in: SignedIn) -> Actor:
    """Return the user of the second Redmine who is a person. Raises NotAllowed without one."""
    person = signed_in.person
    if person.source not in VOUCHED:
        raise NotAllowed(NOT_THERE)
    email = await database.run(partial(_proven_email, person_id=person.id))
    found = await second.namesake(person.login, email)
    if found is None:
        raise NotAllowed(NOT_THERE)
    return found._replace(session=signed_in.mark)


def _proven_email(session: Session, person_id: int) -> str:
    person = session.get_one(Person, person_id)
    return person.email if person.is_email_proven else ""
