"""Read a letter from its form or from a program, and check all of it before anything is written."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.notifications.channels.email.addresses import LONGEST as LONGEST_ADDRESS
from helpdesk.notifications.channels.email.addresses import envelope
from helpdesk.requests.addresses import normalized
from helpdesk.tasks.files import Staged
from helpdesk.tasks.model import Attachment, Task
from helpdesk.texts import squeezed
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields
from helpdesk.web.core.templating import size_text

MOST_ADDRESSES = 20
LONGEST_LIST = MOST_ADDRESSES * (LONGEST_ADDRESS + 2)
LONGEST_SUBJECT = 180
LONGEST_MESSAGE = 60_000
"""Fewer than a comment may have: the comment about the letter names its people and files, too."""
MOST_FILES = 20
MOST_BYTES = 10 * 1024 * 1024
BETWEEN = re.compile(r"[,;\n]")
NO_ADDRESS = sentence("“%(text)s” is not an e-mail address.")
TOO_MANY = sentence("At most %(most)s addresses at once.", most=MOST_ADDRESSES)
NO_FILE = sentence("This file is not on the task any more.")
TOO_LARGE = sentence("The files of a letter may have at most %(limit)s together.", limit=size_text(MOST_BYTES))

T = TypeVar("T")
Faults = dict[str, Sequence[Sentence]]


class Letter(NamedTuple):
    """A letter as it was typed. `files` are on the task already, `staged` come with the comment about it."""

    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    files: tuple[Attachment, ...]
    private: bool
    reply_to: str = ""
    staged: tuple[Staged, ...] = ()

    @property
    def recipients(self) -> list[str]:
        return [*self.to, *self.cc]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files) + sum(file.size for file in self.staged)

    @property
    def file_names(self) -> list[str]:
        return [*(file.filename for file in self.files), *(file.filename for file in self.staged)]


def read(fields: Fields, task: Task, private: bool) -> Letter:
    """Read a letter; `private` is whether its comment is internal when nothing says so. Raises Invalid that names every
    wrong field at once."""
    faults: Faults = {}
    nobody: tuple[str, ...] = ()
    letter = Letter(
        _tried(faults, lambda: _addresses(fields, "recipient", required=True), nobody),
        _tried(faults, lambda: _addresses(fields, "cc"), nobody),
        _tried(faults, lambda: subject_of(task, fields.text("subject", LONGEST_SUBJECT)), ""),
        _tried(faults, lambda: fields.required_text("message", LONGEST_MESSAGE), ""),
        _tried(faults, lambda: _files(fields, task), ()),
        _tried(faults, lambda: fields.flag("private", private), False),
        "".join(_tried(faults, lambda: _addresses(fields, "sender"), nobody)[:1]),
    )
    if not faults and len({*letter.to, *letter.cc}) > MOST_ADDRESSES:
        faults["cc"] = [TOO_MANY]
    if faults:
        raise Invalid(faults)
    return letter


def _tried(faults: Faults, read: Callable[[], T], otherwise: T) -> T:
    """Return what `read` returns; when it raises Invalid, note that and return `otherwise`."""
    try:
        return read()
    except Invalid as error:
        faults.update(error.fields)
        return otherwise


def require_small(letter: Letter, more: int = 0) -> None:
    """Raise Invalid when the files of a letter, and so many bytes more, are too large together."""
    if letter.size + more > MOST_BYTES:
        raise request_data.refusal("files" if letter.staged or more else "attachments", TOO_LARGE)


def subject_of(task: Task, typed: str) -> str:
    """Return the subject with the number of the task before it, by which answers are known."""
    prefix = f"[#{task.id}]"
    plain = squeezed(typed).removeprefix(prefix).strip()
    return f"{prefix} {plain or squeezed(task.row.subject)}"


def prefilled(task: Task) -> Mapping[str, str]:
    """Return the subject that the form begins with."""
    return {"subject": subject_of(task, task.row.subject)[:LONGEST_SUBJECT]}


def _addresses(fields: Fields, name: str, required: bool = False) -> tuple[str, ...]:
    """Return the addresses of a field, each once, as they were typed. A program may send a list."""
    texts = fields.all_values(name, MOST_ADDRESSES)
    found: dict[str, str] = {}
    for text in texts:
        single = fields._replace(values={name: text}).text(name, LONGEST_LIST)
        for each in filter(None, (part.strip() for part in BETWEEN.split(single))):
            found.setdefault(_checked(name, each), each)
    if required and not found:
        raise request_data.refusal(name, sentence("Please fill this in."))
    if len(found) > MOST_ADDRESSES:
        raise request_data.refusal(name, TOO_MANY)
    return tuple(found.values())


def _checked(name: str, address: str) -> str:
    plain = normalized(address) if len(address) <= LONGEST_ADDRESS else ""
    if not plain or not envelope(address):
        raise request_data.refusal(name, Sentence(NO_ADDRESS.text, {"text": address[:LONGEST_ADDRESS]}))
    return plain


def _files(fields: Fields, task: Task) -> tuple[Attachment, ...]:
    """Return the chosen files of the task."""
    chosen = [*fields.all_values("attachments", MOST_FILES), *fields.all_values("attachments[]", MOST_FILES)]
    numbers = {request_data.whole("attachments", each) for each in chosen}
    found = tuple(file for file in task.attachments if file.id in numbers)
    if len(found) < len(numbers):
        raise request_data.refusal("attachments", NO_FILE)
    return found
