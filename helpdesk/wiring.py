"""The sole namer of adapters: which ones serve, by the settings. A client library is imported only when chosen."""

from helpdesk.errors import NotAllowed, sentence
from helpdesk.people.directory import Directory
from helpdesk.people.local import LocalDirectory
from helpdesk.people.model import SignedIn
from helpdesk.services import Services
from helpdesk.settings import Settings
from helpdesk.store.database import Database
from helpdesk.tasks.model import Actor

NOT_LINKED = sentence("Your account is not linked with anybody in the task system. Please ask an administrator.")


def wire(settings: Settings) -> Services:
    """Redmine's tracker and accounts when REDMINE_URL is set, the embedded tracker otherwise."""
    database = Database(settings.database_url)
    return _with_redmine(settings, database) if settings.redmine_url else _embedded(settings, database)


def _embedded(settings: Settings, database: Database) -> Services:
    from helpdesk.store.blobs import Blobs
    from helpdesk.tasks.embedded.tracker import EmbeddedTracker

    async def close() -> None:
        database.close()

    directories: tuple[Directory, ...] = (LocalDirectory(database),)
    tracker = EmbeddedTracker(database, Blobs(settings.files_folder))
    return Services(settings, database, tracker, directories, own_account, close)


def _with_redmine(settings: Settings, database: Database) -> Services:
    from helpdesk.people.redmine import RedmineDirectory
    from helpdesk.redmine_client import RedmineClient
    from helpdesk.tasks.redmine.rest import RestTracker

    client = RedmineClient(settings.redmine_url or "", settings.redmine_api_key or "")

    async def close() -> None:
        await client.close()
        database.close()

    directories: tuple[Directory, ...] = (LocalDirectory(database), RedmineDirectory(client, database))
    tracker = RestTracker(client, settings.redmine_text_format)
    return Services(settings, database, tracker, directories, redmine_user, close)


def own_account(signed_in: SignedIn) -> Actor:
    """In the embedded tracker a person is the account itself."""
    person = signed_in.person
    return Actor(person.id, person.login, person.is_admin, signed_in.mark)


def redmine_user(signed_in: SignedIn) -> Actor:
    """In Redmine a person is the numeric user once proven by signing in there. Raises NotAllowed for others."""
    person = signed_in.person
    if person.redmine_id is None:
        raise NotAllowed(NOT_LINKED)
    return Actor(person.redmine_id, person.login, session=signed_in.mark)
