"""Know which people have a picture, so that a page asks the store once in a while and never for each of its rows."""

from contextlib import suppress
from math import inf
from time import monotonic

from helpdesk.errors import Unavailable
from helpdesk.store import profiles
from helpdesk.store.database import Database
from helpdesk.web.core.templating import Renderer

FRESH_SECONDS = 30.0


class AvatarCache:
    """Gives the templates the names of all pictures, by people's ids in the backend: those of Redmine if `by_redmine`,
    else those of accounts. They are at most FRESH_SECONDS old."""

    def __init__(self, database: Database, renderer: Renderer, by_redmine: bool) -> None:
        self.database, self.renderer, self.by_redmine = database, renderer, by_redmine
        self.read_at = -inf

    def forget(self) -> None:
        """Have the names read anew for the next page."""
        self.read_at = -inf

    async def refresh(self) -> None:
        """Read the names, if they are old. While the store is down, the earlier ones are shown."""
        if monotonic() - self.read_at < FRESH_SECONDS:
            return
        self.read_at = monotonic()  # at once: others need not read them, too
        with suppress(Unavailable):
            self.renderer.avatars = await self.database.run(lambda db: profiles.avatars(db, self.by_redmine))
