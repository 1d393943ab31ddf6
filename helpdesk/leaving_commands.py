"""Do what is left to do when a person leaves the company, for `helpdesk user`."""

import os
from pathlib import Path

from sqlmodel import Session

from helpdesk import logs
from helpdesk.commands import Refused, open_store
from helpdesk.people import personal_file
from helpdesk.services import utc_now
from helpdesk.settings import settings as configuration
from helpdesk.store import anonymizing, audit, directory_accounts
from helpdesk.store.models.tables import Person
from helpdesk.store.personal_texts import Visible
from helpdesk.user_commands import full_names, one_account, refusals

NOT_TOUCHED = "The task system of Redmine is not touched: anonymise the user there, too."


def export(typed: str, target: str) -> None:
    """Write everything that the helpdesk keeps of a person into a new file. Raises Refused.

    A command can't ask which tasks the person may see, so their texts are left out.
    """
    settings = configuration.from_process()
    database, path = open_store(settings), Path(target)
    person = database.run_here(lambda session: one_account(session, typed))
    person_id = person.id or 0
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            rows = personal_file.write(database, person_id, Visible(), settings.pictures_folder, file)
    except FileExistsError as error:
        raise Refused(f"{target} is there already. Name a new file.") from error
    except OSError as error:
        raise Refused(f"{target} can't be written: {error.strerror}.") from error
    database.run_here(lambda db: audit.note(db, None, "export_person", person_id), writes=True)
    print(logs.printable(f"{target} holds what the helpdesk keeps of {full_names([person])}: {rows} rows."))


def anonymize(typed: str, again: str) -> None:
    """Make the account of somebody who has left nobody's, if its login was typed again. Raises Refused."""
    settings = configuration.from_process()

    def work(session: Session) -> tuple[Person, list[str]]:
        person = directory_accounts.kept_of(session, one_account(session, typed))
        pictures = anonymizing.anonymize(session, person.id or 0, again, utc_now(), settings.administrators)
        return person, pictures

    with refusals():
        person, pictures = open_store(settings).run_here(work, writes=True)
    personal_file.forget_pictures(pictures, settings.pictures_folder)
    print(f"The account is {person.login} now, and nobody's. This can't be undone.")
    if settings.redmine_url:
        print(NOT_TOUCHED)
