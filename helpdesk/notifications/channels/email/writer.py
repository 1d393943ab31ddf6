"""Write mails: the words, the headers that keep a task's mails in one thread, and the links that stop them."""

from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpdesk.errors import Sentence
from helpdesk.languages import LANGUAGES, say
from helpdesk.notifications import report_letters
from helpdesk.notifications.channels.email import addresses, digest, unsubscribe, words
from helpdesk.notifications.channels.email.mime import Content, cut, mail, mailbox, thread
from helpdesk.notifications.channels.port import DIGEST, Item
from helpdesk.notifications.kinds import TEST, type_of
from helpdesk.notifications.links import path_of
from helpdesk.notifications.messages import OF_NO_TASK, message
from helpdesk.paths import folder
from helpdesk.settings.settings import Settings
from helpdesk.store.models.delivery import Letter
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.outbox import Row
from helpdesk.texts import isolated, subject_of

MOMENT = "%d.%m.%Y %H:%M"


class Link(NamedTuple):
    words: str
    url: str


class Entry(NamedTuple):
    """A notification in words: what happened, from what to what, what was written, when, and where to look."""

    title: str
    changes: tuple[str, ...]
    quote: str
    at: str
    url: str


class Writer:
    """Writes mails from this sender. Without PUBLIC_URL they hold no links."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.sender = settings, addresses.sender(settings)
        self._letter: tuple[tuple[int | None, str], Content] | None = None

    def notification(self, item: Item) -> bytes:
        """Write a mail about one notification. Mails about a task are one thread. Raises ValueError for an address that
        is none."""
        row, it, language = item.row, _notification(item), self.language(item.row)
        entry, link = self._entry(language, item), unsubscribe.Link(row.person_id, type_of(it.kind))
        footer = self._footer(language, words.WHY_TEST if it.kind == TEST else words.WHY[link.types[0]], link, it)
        context = {"entry": entry, "task": self._task(language, it), "open": _open(language, it)}
        content = self._content("notification", language, self._subject(language, it), {**context, **footer})
        return mail(content, self.sender, _recipient(row), self._headers(row, [row.event], link, it))

    def report(self, item: Item) -> bytes:
        """Write a mail with the numbers of a saved report. Raises ValueError for an address that is none."""
        row, it, language = item.row, _notification(item), self.language(item.row)
        letter, base = report_letters.from_text(it.excerpt), self.settings.public_url
        link = unsubscribe.Link(row.person_id, f"{unsubscribe.REPORT}{letter.report_id}")
        links = [(words.STOP_REPORT, self._stop_url(link)), (words.REPORTS, f"{base}{path_of(it)}")] if base else []
        context = {
            "letter": letter,
            "lines": report_letters.aligned(letter),
            "open": Link(say(language, words.OPEN_REPORT), f"{base}{letter.path}") if base else None,
            "why": letter.why,
            "links": [Link(say(language, label), url) for label, url in links],
        }
        content = self._content("report", language, self._subject(language, it), context)
        return mail(content, self.sender, _recipient(row), self._headers(row, [row.event], link, it))

    def digest(self, items: Sequence[Item]) -> bytes:
        """Write one mail about several notifications of a person. Raises ValueError for an address that is none."""
        row, language = items[0].row, self.language(items[0].row)
        is_digest = any(it.row.bundle == DIGEST for it in items)
        subject = say(language, _counted(words.DIGEST if is_digest else words.NIGHT, len(items)))
        groups, left = digest.groups(items)
        link = unsubscribe.Link(row.person_id, unsubscribe.ALL)
        context = {
            "groups": [(self._task(language, _notification(them[0])), [self._entry(language, it) for it in them])
                       for _, them in groups],
            "more": say(language, _counted(words.MORE, left)) if left else "",
        }  # fmt: skip
        footer = self._footer(language, words.WHY_DIGEST if is_digest else words.WHY_NIGHT, link, None)
        content = self._content("digest", language, subject, {**context, **footer})
        return mail(content, self.sender, _recipient(row), self._headers(row, [it.row.event for it in items], link))

    def letter(self, row: Row, letter: Letter) -> bytes:
        """Write a letter to many for one of them. Raises ValueError for an address that is none."""
        wanted = (letter.id, self.language(row))
        if self._letter is None or self._letter[0] != wanted:
            self._letter = wanted, self._content_of(letter, wanted[1])
        content = self._letter[1]
        headers = {"Auto-Submitted": "auto-generated", "Precedence": "bulk"}
        headers["Message-ID"] = self._message_id(row, [row.event])
        if self.settings.smtp_reply_to:
            headers["Reply-To"] = mailbox(addresses.named(self.settings.smtp_reply_to))
        return mail(content, self.sender, _recipient(row), headers)

    def language(self, row: Row) -> str:
        return row.language if row.language in LANGUAGES else self.settings.default_locale

    def _content_of(self, letter: Letter, language: str) -> Content:
        why = say(language, Sentence(words.WHY_LETTER.text, {"brand": self.settings.brand_name}))
        paragraphs = [each.split("\n") for each in letter.text.replace("\r\n", "\n").split("\n\n") if each.strip()]
        context = {"paragraphs": paragraphs, "text": letter.text, "why": why, "links": []}
        return self._content("letter", language, letter.subject, context)

    def _content(self, template: str, language: str, subject: str, context: Mapping[str, Any]) -> Content:
        given = {"language": language, "subject": cut(subject), "brand": self.settings.brand_name, **context}
        text, html = (_environment(kind).get_template(f"mail/{template}.{kind}").render(given) for kind in KINDS)
        return Content(subject, text, html)

    def _subject(self, language: str, it: NotificationRow) -> str:
        """Return the same subject for all mails about a task, by which programs that know no threads sort them."""
        if it.kind in OF_NO_TASK:
            return say(language, message(it).title)
        subject = subject_of(it.subject)
        return f"[#{it.task_id}] {say(language, subject) if isinstance(subject, Sentence) else subject}"

    def _task(self, language: str, it: NotificationRow) -> str:
        if it.kind in OF_NO_TASK:
            return ""
        return say(language, Sentence(words.TASK.text, {"task": it.task_id, "subject": subject_of(it.subject)}))

    def _entry(self, language: str, item: Item) -> Entry:
        it = _notification(item)
        said = message(it)
        changes = tuple(say(language, each) for each in said.details if isinstance(each, Sentence))
        quote = "\n".join(isolated(each) for each in said.details if not isinstance(each, Sentence))
        at = it.happened_at.astimezone(self.settings.timezone).strftime(MOMENT)
        return Entry(say(language, said.title), changes, quote, at, self._url(item))

    def _url(self, item: Item) -> str:
        if self.settings.public_url is None:
            return ""
        is_listed = item.row.notification_id
        path = f"/notifications/{is_listed}" if is_listed else path_of(_notification(item))
        return f"{self.settings.public_url}{path}"

    def _footer(
        self, language: str, why: Sentence, link: unsubscribe.Link, it: NotificationRow | None
    ) -> dict[str, Any]:
        base = self.settings.public_url
        stop = words.STOP_ALL if link.type == unsubscribe.ALL else words.STOP
        links = [(stop, self._stop_url(link))] if it is None or it.kind != TEST else []
        links.append((words.SETTINGS, f"{base}/notifications/preferences"))
        said = [Link(say(language, label), url) for label, url in links] if base else []
        return {"why": say(language, why), "links": said}

    def _stop_url(self, link: unsubscribe.Link) -> str:
        return f"{self.settings.public_url}/mail/unsubscribe/{unsubscribe.token(self.settings.secret_keys, link)}"

    def _headers(
        self, row: Row, events: Sequence[str], link: unsubscribe.Link, it: NotificationRow | None = None
    ) -> dict[str, str]:
        """Return what programs need: that nobody answers by itself, the thread, and how to stop these mails."""
        domain = self.sender.domain
        headers = {
            "Message-ID": self._message_id(row, events),
            "Auto-Submitted": "auto-generated",
            "List-Id": f"<notifications.{domain}>",
        }
        if it and it.kind not in OF_NO_TASK:
            headers |= dict.fromkeys(("In-Reply-To", "References"), thread(row.task_id, domain))
        if self.settings.public_url and (it is None or it.kind != TEST):
            headers["List-Unsubscribe"] = f"<{self._stop_url(link)}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    def _message_id(self, row: Row, events: Sequence[str]) -> str:
        """Return the same id whenever the same is sent again to the same person."""
        digest = sha256("\n".join(sorted(events)).encode("utf-8", "replace")).hexdigest()[:32]
        return f"<{digest}.{row.person_id}@{self.sender.domain}>"


KINDS = ("txt", "html")


@cache
def _environment(kind: str) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=kind == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _counted(sentence: Sentence, count: int) -> Sentence:
    return Sentence(sentence.text, {"count": count})


def _open(language: str, it: NotificationRow) -> str:
    """Return the words of the link; "" for a notification without a page of its own."""
    words_of = words.OPEN.get(it.kind) if it.kind in OF_NO_TASK else words.OPEN_TASK
    return say(language, words_of) if words_of else ""


def _recipient(row: Row) -> Address:
    return addresses.header(row.name, row.email)


def _notification(item: Item) -> NotificationRow:
    assert item.notification
    return item.notification
