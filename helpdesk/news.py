"""Put together what notifies people by itself of promises of time and of quality control."""

from collections.abc import Iterator

from helpdesk.promises.watcher import PromiseWatcher
from helpdesk.quality.news import QualityNews
from helpdesk.services import Services
from helpdesk.supervision import BackgroundTask


def watchers(its: Services) -> Iterator[BackgroundTask]:
    """Yield what runs until it is cancelled, as far as the backend and the settings allow."""
    sending = its.outbox, its.wakeups, its.clock, its.settings.timezone
    if its.reports:
        known = its.promises, its.reports, its.database, its.accounts, its.visible_to
        yield PromiseWatcher(*known, *sending).watch
    if its.quality:
        yield QualityNews(its.quality, its.database, *sending, its.settings.administrators or ()).watch
