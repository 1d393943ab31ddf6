"""Send a letter from a task: ask the mail server about its people, write the comment, then put it into the outbox.

The comment comes first, so that no letter goes out of which the task knows nothing.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from html import escape
from secrets import token_hex

from starlette.requests import Request

from helpdesk.errors import Invalid, NotFound, Sentence, StoreUnavailable, Unavailable, sentence
from helpdesk.languages import say
from helpdesk.notifications.channels import email
from helpdesk.notifications.channels.email import addresses, compose
from helpdesk.store import letters
from helpdesk.store.letters import NewLetter, Sent
from helpdesk.store.outbox import WAITING
from helpdesk.tasks.model import Actor, Attachment, Edit, Task, TextFormat
from helpdesk.threads import Threads
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.mail.letter_input import MOST_BYTES, NO_FILE, TOO_LARGE, Letter
from helpdesk.web.tasks import change

WAIT_SECONDS = 5.0
"""How long the answer waits for the letter to be sent."""
LOOK_SECONDS = 0.1
THREADS = Threads(2)
REFUSED = sentence("The mail server refuses %(address)s: %(words)s")
NO_ADDRESS = sentence("No mail can be sent to %(address)s.")
NOT_STORED = sentence(
    "The comment about the letter was saved, but the letter itself could not be: it is not sent. Please send it again."
)


async def send(request: Request, task: Task, letter: Letter) -> Sent:
    """Send a letter, and wait a while for what becomes of it.

    Raises Invalid for a refused address, and what a comment raises; nothing is sent then.
    """
    who, person = await actor(request), await current_user(request)
    await _require_accepted(request, letter)
    contents = [await _content(request, who, task.id, file) for file in letter.files]
    settings, text_format = services(request).settings, services(request).backend.capabilities.text_format
    words = comment(partial(say, settings.default_locale), text_format, letter)
    edit = Edit(comment=words, files=letter.staged, private=letter.private)
    written = await change.write(request, who, task.id, edit)
    request.state.staged, request.state.saved_message = [], NOT_STORED
    contents += [await _content(request, who, task.id, file) for file in written.added_files]
    content = await THREADS.run(
        _composed, task.id, settings.mail_from, _reply_to(request, letter, person.email), letter, contents
    )
    new, now = NewLetter(task.id, letter.to, letter.cc, letter.subject, letter.text, content), services(request).clock()
    letter_id = await stored(request, lambda db: letters.add(db, person.id, new, now))
    request.state.saved_message = None
    services(request).outbox.wake()
    return await _ended(request, letter_id)


def comment(say: Callable[[Sentence], str], text_format: TextFormat, letter: Letter) -> str:
    """Return the comment about a letter: to whom it goes, with which files, and its text as a quotation."""
    head = [
        say(sentence("E-mail to: %(to)s", to=", ".join(letter.to))),
        *([say(sentence("Copy to: %(cc)s", cc=", ".join(letter.cc)))] if letter.cc else []),
        say(sentence("Subject: %(subject)s", subject=letter.subject)),
        *([say(sentence("Files: %(names)s", names=", ".join(letter.file_names)))] if letter.file_names else []),
    ]
    lines = letter.text.strip("\n").split("\n")
    if text_format == "html":
        quoted = "<br>".join(map(escape, lines))
        return f"<p>{'<br>'.join(map(escape, head))}</p><blockquote>{quoted}</blockquote>"
    return "\n".join([*head, "", *(f"> {line}".rstrip() for line in lines)])


async def _require_accepted(request: Request, letter: Letter) -> None:
    """Raise Invalid for addresses that the server refuses now. A server that can't be asked is no obstacle: the letter
    waits for it."""
    try:
        refused = await email.check(services(request).settings, [*letter.to, *letter.cc])
    except Unavailable:
        return
    named = {"recipient": letter.to, "cc": letter.cc}
    faults = {
        name: [_refused(each, refused[each]) for each in listed if each in refused] for name, listed in named.items()
    }
    if refused:
        raise Invalid({name: found for name, found in faults.items() if found})


def _refused(address: str, words: str) -> Sentence:
    return Sentence((REFUSED if words else NO_ADDRESS).text, {"address": address, "words": words})


async def _content(request: Request, who: Actor, task_id: int, file: Attachment) -> tuple[str, str, bytes]:
    """Read a file of the task. Raises Invalid when it is gone, or larger than it said."""
    try:
        opened = await services(request).backend.open_file(who, task_id, file.id)
        chunks, content = await opened.read(0), bytearray()
    except NotFound as error:
        raise request_data.refusal("attachments", NO_FILE) from error
    try:
        async for chunk in chunks:
            content += chunk
            if len(content) > MOST_BYTES:
                raise request_data.refusal("attachments", TOO_LARGE)
    finally:
        await chunks.aclose()
    return file.filename, file.content_type, bytes(content)


def _reply_to(request: Request, letter: Letter, own: str) -> str:
    """Return where answers go: by the setting, else to whom a program names, else to the writer."""
    settings = services(request).settings
    wanted = settings.smtp_reply_to or letter.reply_to or addresses.envelope(own)
    return wanted or addresses.sender(settings).addr_spec


def _composed(task_id: int, sender: str, reply_to: str, letter: Letter, contents: list[tuple[str, str, bytes]]) -> str:
    domain = addresses.named(sender).domain
    message = compose.task_letter(
        sender=sender,
        reply_to=reply_to,
        to=letter.to,
        cc=letter.cc,
        subject=letter.subject,
        text=letter.text,
        attachments=contents,
        message_id=f"<letter-{token_hex(16)}@{domain}>",
        thread=f"<task-{task_id}@{domain}>",
    )
    return compose.as_text(message)


async def _ended(request: Request, letter_id: int) -> Sent:
    """Return the letter when it was sent or refused, or as it is after a while."""
    sent = Sent(letter_id, 0, "", (), (), "", services(request).clock(), WAITING, "", "")
    with suppress(TimeoutError, StoreUnavailable):
        async with asyncio.timeout(WAIT_SECONDS):
            while "email" in services(request).outbox.workers and sent.state == WAITING and not sent.put_off:
                await asyncio.sleep(LOOK_SECONDS)
                found = await services(request).database.run(lambda db: letters.one(db, letter_id))
                sent = found or sent
    return sent
