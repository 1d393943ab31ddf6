"""Read again what directories know of a person, when somebody asks for it: not only at a sign-in."""

import asyncio
from collections.abc import Collection, Sequence

from sqlmodel import Session

from helpdesk.errors import DirectoryUnavailable, StoreUnavailable, Unavailable, sentence
from helpdesk.people.directory import Directory, Profile
from helpdesk.store import directory_accounts, locks, profiles
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.store.profiles import Login

SECONDS = 7.0
"""All directories together have to answer in this time."""
SILENT = {
    "oracle": sentence("The ERP does not answer just now. Nothing was changed. Please try again in a while."),
    "ldap": sentence(
        "The company's directory (LDAP) does not answer just now. Nothing was changed. Please try again in a while."
    ),
    "redmine": sentence("Redmine does not answer just now. Nothing was changed. Please try again in a while."),
}


async def find(directory: Directory, login: str) -> Profile | None:
    """Return whom a directory knows by a login. Raises DirectoryUnavailable with the name of the system."""
    try:
        async with asyncio.timeout(SECONDS):
            return await directory.find(login)
    except StoreUnavailable:
        raise
    except (Unavailable, TimeoutError) as error:
        detail = error.detail if isinstance(error, Unavailable) else f"no answer in {SECONDS} s"
        raise DirectoryUnavailable(SILENT.get(directory.source), detail=detail) from error


async def reread(
    database: Database, directories: Sequence[Directory], person_id: int, sources: Collection[str] = SILENT
) -> frozenset[str]:
    """Refresh the fields that directories own, and return the names of those that know the person.

    Raises DirectoryUnavailable; then nothing was changed.
    """
    by_source = {it.source: it for it in directories if it.source in sources}
    logins = await database.run(lambda db: profiles.logins_of(db, person_id))
    asked = [it for it in logins if it.source in by_source]
    found: list[tuple[Login, Profile]] = []
    ends = asyncio.get_running_loop().time() + SECONDS
    for login in asked:
        directory = by_source[login.source]
        try:
            async with asyncio.timeout_at(ends):
                profile = await find(directory, login.login)
        except TimeoutError as error:
            raise DirectoryUnavailable(SILENT[login.source], detail=f"no answer in {SECONDS} s") from error
        if profile is not None:
            found.append((login, profile))
    return await database.run(lambda db: _refresh(db, person_id, found), writes=True)


def _refresh(db: Session, person_id: int, found: Sequence[tuple[Login, Profile]]) -> frozenset[str]:
    locks.everybody(db)
    kept, refreshed = db.get_one(Person, person_id), set[str]()
    for login, profile in found:
        row = db.get_one(Person, login.account)
        if not profile.is_blocked and _is_same(login, profile, row):
            for each in {row.id: row, kept.id: kept}.values():
                directory_accounts.refresh(db, each, login.source, profile._asdict())
            refreshed.add(login.source)
    return frozenset(refreshed)


def _is_same(login: Login, profile: Profile, row: Person) -> bool:
    """Tell whether a directory means this person, as at a sign-in: it may have given the login to somebody else."""
    if login.source == "redmine":
        return profile.redmine_id == row.redmine_id
    return row.login == login.login and not directory_accounts.belongs_to_another(row, profile.id, profile.email)
