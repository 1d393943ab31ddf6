"""Manage stored secrets, for `helpdesk rotate-secrets`."""

from functools import partial

from helpdesk import logs
from helpdesk.commands import Refused, open_store
from helpdesk.encryption import Box
from helpdesk.settings import settings as configuration
from helpdesk.store import secrets

NAMES = {"second_factor": "second factors", "redmine_key": "keys of Redmine"}
"""The words for the secrets of each table."""


def rotate_secrets() -> None:
    """Encrypt every stored secret with the newest key. Raises Refused if no key opens some of them; they are kept."""
    settings = configuration.from_process()
    configuration.require_secret_key(settings)
    box, database, lost = Box(settings.secret_keys), open_store(settings), []
    for table in secrets.TABLES:
        renewed = database.run_here(partial(secrets.renew_all, table=table, renew=box.renew), writes=True)
        name = NAMES[str(table.__tablename__)]
        print(f"{renewed.number} {name} are encrypted with the newest key.")
        if renewed.unopened:
            lost.append(f"{len(renewed.unopened)} {name} can't be opened: {', '.join(renewed.unopened)}.")
    database.close()
    if lost:
        raise Refused(logs.printable(" ".join((*lost, "Put the key that encrypted them into SECRET_KEY's list."))))
