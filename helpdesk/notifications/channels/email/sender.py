"""Send notifications and letters by e-mail, one after the other over one connection."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

from helpdesk.errors import HelpdeskError
from helpdesk.notifications.channels.email import addresses, digest, smtp
from helpdesk.notifications.channels.email.account import account
from helpdesk.notifications.channels.email.faults import Fault
from helpdesk.notifications.channels.email.smtp import TOO_LARGE, Answer, Connection, Result
from helpdesk.notifications.channels.email.writer import Writer
from helpdesk.notifications.channels.port import SENT, Item, Outcome, Resources
from helpdesk.notifications.kinds import REPORT
from helpdesk.store import delivery_tests
from helpdesk.store.models.delivery import Letter
from helpdesk.threads import Threads

log = logging.getLogger(__name__)

BATCH = 50
MOST_LOST = 2
"""So many messages in a row without an answer are no fault of theirs."""
MOST_PUT_OFF = 3
"""So many people in a row whom the server puts off are no fault of theirs."""
START_SECONDS = 10.0
"""No mail is begun later: the rest of what the worker waits is for one that the server takes slowly."""
NO_ADDRESS = Outcome("skipped", "no_address")
FLAGGED = Outcome("skipped", "flagged")
BAD_ADDRESS = Outcome("failed", "bad_address")
UNWRITTEN = Outcome("failed", "unwritten")
NO_UTF8 = Outcome("failed", "no_utf8")
LOST = Outcome("later", "unreachable")


class Written(NamedTuple):
    """A message as it is sent, and to which addresses. One of a task has recipients of its author's choice, who are
    `named` as they were typed."""

    recipients: tuple[str, ...]
    content: bytes
    utf8: bool
    named: Mapping[str, str] = {}


class EmailSender:
    """Sends over one connection, which is opened when there is something to send."""

    batch = BATCH

    def __init__(self, resources: Resources) -> None:
        self.connection = Connection(account(resources.settings))
        self.database, self.writer = resources.database, Writer(resources.settings)
        self._put_off = set[str]()
        self._threads = Threads(1)

    async def send(self, items: Sequence[Item]) -> AsyncIterator[tuple[Item, Outcome]]:
        """Send mails; items of a bundle are one mail and have one outcome. With a slow server the last are left out."""
        loop, lost, down = asyncio.get_running_loop(), 0, None
        until = loop.time() + START_SECONDS
        for place, them in enumerate(digest.mails(items)):
            if place and not down and loop.time() >= until:
                break
            outcome = down or self._counted(them[0].row.email, await self._outcome(them))
            lost = lost + 1 if outcome is LOST else 0
            if lost == MOST_LOST:
                outcome = LOST._replace(of_channel=True)
            down = outcome if outcome.of_channel else None
            for item in them:
                yield item, outcome
        self.connection.rest()

    async def close(self) -> None:
        await self.connection.close()

    def _counted(self, address: str, outcome: Outcome) -> Outcome:
        """Return the outcome of a mail, of the channel when the server puts off one person after the other."""
        if outcome.state == "sent" or outcome.put_off:  # of a letter to several, others have got it
            self._put_off.clear()
            return outcome
        if outcome.reason != "busy":
            return outcome
        if len(self._put_off) < MOST_PUT_OFF:
            self._put_off.add(address)
        return outcome._replace(of_channel=len(self._put_off) == MOST_PUT_OFF)

    async def _outcome(self, items: Sequence[Item]) -> Outcome:
        try:
            written = await self._written(items)
        except HelpdeskError:
            raise
        except Exception:
            log.exception("a mail could not be written", extra={"row": items[0].row.id})
            return UNWRITTEN
        return await self._sent(written) if isinstance(written, Written) else written

    async def _written(self, items: Sequence[Item]) -> Written | Outcome:
        """Return the message, or the outcome of what can't be sent."""
        row = items[0].row
        letter = await self.database.run(lambda db: db.get(Letter, row.letter_id)) if row.letter_id else None
        if letter and letter.task_id:
            return await self._threads.run(_letter_of_task, letter)
        if not row.email:
            return NO_ADDRESS
        if row.flagged == row.email and not row.event.startswith(delivery_tests.PREFIX):
            return FLAGGED
        address = addresses.envelope(row.email)
        if not address:
            return BAD_ADDRESS
        if row.letter_id and not letter:
            return UNWRITTEN
        return await self._threads.run(lambda: _written((address,), self._message(items, letter)))

    def _message(self, items: Sequence[Item], letter: Letter | None) -> bytes:
        if letter:
            return self.writer.letter(items[0].row, letter)
        if items[0].notification and items[0].notification.kind == REPORT:
            return self.writer.report(items[0])
        return self.writer.digest(items) if digest.is_digest(items) else self.writer.notification(items[0])

    async def _sent(self, written: Written) -> Outcome:
        try:
            result = await self.connection.send(written.recipients, written.content, utf8=written.utf8)
        except Fault as fault:
            return Outcome("later", fault.kind, fault.words, of_channel=True)
        if result.is_unknown:
            return LOST
        if result.answer is smtp.NO_UTF8:
            return NO_UTF8
        return _of_task(written, result) if written.named else _of_person(result)


def _written(recipients: tuple[str, ...], content: bytes, named: Mapping[str, str] | None = None) -> Written:
    """Return a message, and whether an address has letters beyond ASCII, which then are also in the headers."""
    utf8 = not (content.isascii() and all(it.isascii() for it in recipients))
    return Written(recipients, content, utf8, named or {})


def _letter_of_task(letter: Letter) -> Written | Outcome:
    """Return a letter as its author wrote it, to those of its people who have not got it yet. Nothing is left of one
    that was sent."""
    if not letter.content:
        return UNWRITTEN
    lists = json.loads(letter.recipients)
    typed = lists.get("put_off") or [*lists.get("to", []), *lists.get("cc", [])]
    named = {addresses.envelope(it): it for it in typed}
    return _written(tuple(named), letter.content.encode(), named) if all(named) else BAD_ADDRESS


def _of_person(result: Result) -> Outcome:
    """Return the outcome of a mail to one person. A refusal for good is of the address, else of the text."""
    for answer in result.refused.values():
        return Outcome("gone", "refused", str(answer)) if answer.is_permanent else Outcome("later", "busy", str(answer))
    return _of_text(result.answer) if result.answer else SENT


def _of_task(written: Written, result: Result) -> Outcome:
    """Return the outcome of a letter to several. When some have got it, the others are named: those who were put off,
    to whom it is sent again, and those who were refused."""
    said = "; ".join(f"{address}: {answer}" for address, answer in result.refused.items())
    if len(result.refused) == len(written.recipients):
        is_permanent = all(it.is_permanent for it in result.refused.values())
        return Outcome("failed", "refused", said) if is_permanent else Outcome("later", "busy", said)
    if result.answer:
        return _of_text(result.answer)
    refused = tuple(written.named[address] for address, answer in result.refused.items() if answer.is_permanent)
    put_off = tuple(written.named[address] for address, answer in result.refused.items() if not answer.is_permanent)
    rest = Outcome("later", "busy", said) if put_off else Outcome("sent", "", said)
    return rest._replace(put_off=put_off, refused=refused)


def _of_text(answer: Answer) -> Outcome:
    if answer.code == TOO_LARGE:
        return Outcome("failed", "too_large", str(answer))
    return Outcome("failed", "refused", str(answer)) if answer.is_permanent else Outcome("later", "busy", str(answer))
