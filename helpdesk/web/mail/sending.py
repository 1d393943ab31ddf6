"""Send a letter from a task: ask the mail server about its people, write the comment, then put it into the outbox.

The comment comes first, so that no letter goes out of which the task knows nothing.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from html import escape
from secrets import token_hex

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import Invalid, NotFound, Sentence, StoreUnavailable, Unavailable, sentence
from helpdesk.languages import say
from helpdesk.notifications.channels import email
from helpdesk.notifications.channels.email import addresses, compose
from helpdesk.notifications.channels.email.mime import thread
from helpdesk.people.model import Person
from helpdesk.requests.addresses import normalized
from helpdesk.store import audit, letters
from helpdesk.store.letters import NewLetter, Sent
from helpdesk.store.outbox import WAITING
from helpdesk.tasks.model import Actor, Attachment, Edit, Task, TextFormat
from helpdesk.threads import Threads
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.mail import limits
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

    Raises Invalid for a refused address, TooManyLetters, and what a comment raises; nothing is sent then.
    """
    person = await current_user(request)
    async with limits.reserved(request, person.id, len(letter.recipients)):
        letter_id = await _write(request, task, letter, person)
    services(request).outbox.wake()
    return await _ended(request, letter_id)


async def _write(request: Request, task: Task, letter: Letter, person: Person) -> int:
    """Write the comment and store the letter. Return its id.

    It is composed before the comment, with empty files for those that come with the comment, so that what can't be
    composed leaves no comment.
    """
    who, other = await actor(request), _other_sender(request, letter, person.email)
    await _require_accepted(request, letter)
    contents = [await _content(request, who, task.id, file) for file in letter.files]
    compose_with = partial(
        _composed, task.id, services(request).settings.mail_from, _reply_to(request, person.email, other)
    )
    staged = [(file.filename, file.content_type, b"") for file in letter.staged]
    content = await THREADS.run(compose_with, letter, [*contents, *staged])
    written = await change.write(request, who, task.id, _edit(request, letter, other))
    request.state.staged, request.state.saved_message = [], NOT_STORED
    if letter.staged:
        contents += [await _content(request, who, task.id, file) for file in written.added_files]
        content = await THREADS.run(compose_with, letter, contents)
    letter_id = await _store(request, person.id, task.id, letter, content, other)
    request.state.saved_message = None
    return letter_id


async def _store(request: Request, author_id: int, task_id: int, letter: Letter, content: str, other: str) -> int:
    new, now = NewLetter(task_id, letter.to, letter.cc, letter.subject, letter.text, content), services(request).clock()
    details = {"count": len(letter.recipients), "email": letter.recipients, "sender": other}

    def work(db: Session) -> int:
        letter_id = letters.add(db, author_id, new, now)
        audit.note(db, None, "letter_sent", None, {**details, "letter": letter_id}, task_id)
        return letter_id

    return await stored(request, work)


def _edit(request: Request, letter: Letter, other: str) -> Edit:
    """Return the change of the task: the comment about a letter, with its new files."""
    text_format = services(request).backend.capabilities.text_format
    words = comment(partial(say, services(request).settings.default_locale), text_format, letter, other)
    return Edit(comment=words, files=letter.staged, private=letter.private)


def comment(say: Callable[[Sentence], str], text_format: TextFormat, letter: Letter, other: str = "") -> str:
    """Return the comment about a letter: to whom it goes, with which files, and its text. `other` is where answers go
    if not to the writer.

    The text is no quotation, since excerpts of comments leave quotations out.
    """
    head = [
        say(sentence("E-mail to: %(to)s", to=", ".join(letter.to))),
        *([say(sentence("Copy to: %(cc)s", cc=", ".join(letter.cc)))] if letter.cc else []),
        *([say(sentence("Answers to: %(sender)s", sender=other))] if other else []),
        say(sentence("Subject: %(subject)s", subject=letter.subject)),
        *([say(sentence("Files: %(names)s", names=", ".join(letter.file_names)))] if letter.file_names else []),
    ]
    text = letter.text.strip("\n")
    if text_format == "html":
        return "".join(f"<p>{'<br>'.join(map(escape, lines))}</p>" for lines in (head, text.split("\n")))
    return "\n".join([*head, "", text])


async def _require_accepted(request: Request, letter: Letter) -> None:
    """Raise Invalid for addresses that the server refuses now. A server that can't be asked is no obstacle: the letter
    waits for it."""
    try:
        refused = await email.check(services(request).settings, letter.recipients)
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


def _other_sender(request: Request, letter: Letter, own: str) -> str:
    """Return the address for answers that a program names, where it counts; empty for the writer's own."""
    is_own = normalized(letter.reply_to) == normalized(own)
    return "" if is_own or services(request).settings.smtp_reply_to else letter.reply_to


def _reply_to(request: Request, own: str, other: str) -> str:
    """Return where answers go: by the setting, else to whom a program names, else to the writer."""
    settings = services(request).settings
    wanted = settings.smtp_reply_to or other or addresses.envelope(own)
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
        thread=thread(task_id, domain),
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
