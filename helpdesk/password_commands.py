"""Make links by which the owners of local accounts set new passwords, for `helpdesk user password-link`."""

from datetime import UTC, datetime

from sqlmodel import Session

from helpdesk.commands import Refused, open_store
from helpdesk.settings import settings as configuration
from helpdesk.store import audit, local_passwords, people

PATH = "/users/password/"
NO_ADDRESS = "PUBLIC_URL is not set: put the address of the helpdesk before it."


def make_link(typed: str) -> None:
    """Print a link that sets the password of a local account once, within a day. It voids earlier ones."""
    settings, login = configuration.from_process(), typed.removeprefix("local:")

    def work(session: Session) -> str:
        accounts = people.with_login(session, login, "local")
        if not accounts:
            raise Refused(f"There is no local account {login}. Other directories keep their own passwords.")
        person = accounts[0]
        if not person.is_active or person.id is None:
            raise Refused(f"{login} is shut out.")
        audit.note(session, None, "password_link", person.id)
        return local_passwords.make_link(session, person.id, datetime.now(UTC))

    token = open_store(settings).run_here(work, writes=True)
    print(f"{settings.public_url or ''}{PATH}{token}")
    if not settings.public_url:
        print(NO_ADDRESS)
