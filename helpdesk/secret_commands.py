"""Make and manage secrets, for `helpdesk vapid-keys`, `helpdesk rotate-secrets` and `helpdesk user
second-factor-off`."""

from functools import partial

from sqlmodel import Session

from helpdesk import logs
from helpdesk.commands import Refused, open_store
from helpdesk.encryption import Box
from helpdesk.notifications.channels.webpush import keys
from helpdesk.settings import settings as configuration
from helpdesk.store import second_factors, secrets
from helpdesk.user_commands import account_name, found_or_expected

NAMES = {"second_factor": "second factors", "redmine_key": "keys of Redmine", "session": "passwords of the phone"}
"""The words for the secrets of each table."""


def make_vapid_keys() -> None:
    """Print new keys of Web Push, as settings take them. They are stored nowhere."""
    pair = keys.new_pair()
    print("# Whoever had pushes with other keys has to switch them on again in each browser.")
    print(f"VAPID_PUBLIC_KEY={pair.public}")
    print(f"VAPID_PRIVATE_KEY={pair.private}")
    print("# The address by which push services reach you, such as admin@example.ru")
    print("VAPID_CLAIM_EMAIL=")


def rotate_secrets() -> None:
    """Encrypt every stored secret with the newest key. Raises Refused if no key opens some of them; they are kept."""
    settings = configuration.from_process()
    configuration.require_secret_key(settings)
    box, database, lost = Box(settings.secret_keys), open_store(settings), []
    for table in secrets.COLUMNS:
        renewed = database.run_here(partial(secrets.renew_all, table=table, renew=box.renew), writes=True)
        name = NAMES[table]
        print(f"{renewed.number} {name} are encrypted with the newest key.")
        if renewed.unopened:
            lost.append(f"{len(renewed.unopened)} {name} can't be opened: {', '.join(renewed.unopened)}.")
    database.close()
    if lost:
        raise Refused(logs.printable(" ".join((*lost, "Put the key that encrypted them into SECRET_KEY's list."))))


def switch_second_factor_off(typed: str) -> None:
    """Remove the second factor of an account whose owner has lost the device. Raises Refused."""
    settings, (source, login) = configuration.from_process(), account_name(typed)

    def work(session: Session) -> bool:
        person = found_or_expected(session, source, login, may_be_expected=False)
        return second_factors.remove(session, person.id or 0)

    if not open_store(settings).run_here(work, writes=True):
        raise Refused(f"{typed} has no second factor.")
    print(f"{typed} signs in without a second factor, and can set up a new one.")
