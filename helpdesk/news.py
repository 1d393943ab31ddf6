"""Put together what tells people by itself of promises of time, of reports and of quality control."""

from collections.abc import Iterator

from helpdesk.promises.watcher import PromiseWatcher
from helpdesk.quality.news import QualityNews
from helpdesk.reports.mailing import MailedBy, Mailer
from helpdesk.services import Services
from helpdesk.supervision import BackgroundTask


def watchers(its: Services) -> Iterator[BackgroundTask]:
    """Yield what runs until it is cancelled, as far as the backend and the settings allow."""
    named = its.settings.administrators or ()
    sending = its.outbox, its.wakeups, its.clock, its.settings.timezone
    if its.reports:
        known = its.promises, its.reports, its.database, its.accounts, its.visible_to
        yield PromiseWatcher(*known, *sending).watch
        by_mail = MailedBy(its.outbox, its.clock, its.settings.timezone, its.settings.default_locale, named)
        yield Mailer(its.database, its.reports, its.accounts, its.identify, by_mail).watch
    if its.quality:
        yield QualityNews(its.quality, its.database, *sending, named).watch
