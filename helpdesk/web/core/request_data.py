"""The values of a request, typed: ids in its address, fields of its body, form or JSON alike.

A wrong value is refused with its field's name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request

from helpdesk.errors import Invalid, Malformed, NotFound, Sentence, UnsupportedType, sentence
from helpdesk.tasks.fields import parse_flag
from helpdesk.tasks.model import Edit, Field
from helpdesk.texts import is_blank
from helpdesk.web.core import multipart, request_body
from helpdesk.web.core.faces import Face, of_form
from helpdesk.web.core.navigation import safe_path

LONGEST_TEXT = 65_535
LARGEST_ID = 2**31 - 1
NO_ID = 0
NO_CHOICE = sentence("There is no such choice.")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
VALUES: dict[Field, str] = {"status": "status_id", "priority": "priority_id", "assignee": "assignee_id"}


class Fields(NamedTuple):
    """The values of a body by name: text from forms, any JSON value from programs.

    `files` come with forms alone; when they were `too_large` together, none of them can be used. `is_json` tells a
    program's body from a form, which leaves out the boxes that are not ticked.
    """

    values: Mapping[str, Any]
    files: Sequence[UploadFile] = ()
    too_large: bool = False
    is_json: bool = False

    def text(self, name: str, limit: int = LONGEST_TEXT) -> str:
        """Return a text of at most `limit` characters, empty when absent. Raises Invalid when it can't be stored."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise refusal(name, sentence("This must be a text."))
        return clean(name, value, limit)

    def all_values(self, name: str, most: int) -> list[Any]:
        """Return all values of a name; none when absent. Raises Invalid for more than `most`."""
        value = self.values.get(name)
        values = value if isinstance(value, list) else [] if value is None else [value]
        if len(values) > most:
            raise refusal(name, too_many(most))
        return values

    def required_text(self, name: str, limit: int = LONGEST_TEXT) -> str:
        """Return a text. Raises Invalid also for one without a visible character."""
        value = self.text(name, limit)
        if is_blank(value):
            raise refusal(name, sentence("Please fill this in."))
        return value

    def number(self, name: str) -> int | None:
        """Return a whole number that can be an id; None for null and the empty text.

        Raises Invalid when absent or another value.
        """
        if name not in self.values:
            raise refusal(name, sentence("Please fill this in."))
        value = self.values[name]
        return None if value is None or value == "" else whole(name, value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return yes or no, in any case; `default` when absent or null. Empty means no. Raises Invalid."""
        if self.values.get(name) is None:
            return default
        value = parse_flag(str(self.values[name]) or "0")
        if value is None:
            raise refusal(name, sentence("This must be yes or no."))
        return value

    def over(self, stored: Mapping[str, Any]) -> "Fields":
        """Return a program's values over the stored ones, so that what it leaves out stays; a form's are the whole.

        No flag and no list can be null, so null leaves them as they are, too.
        """
        if not self.is_json:
            return self
        own = {
            name: it
            for name, it in self.values.items()
            if it is not None or name not in stored or _may_be_null(stored[name])
        }
        kept = {name: list(it) if isinstance(it, tuple) else it for name, it in stored.items()}
        return self._replace(values=kept | own)

    def next_path(self) -> str:
        """Return the path of ours in the form's `next`, empty when there is none."""
        return safe_path(str(self.values.get("next") or ""))

    def version(self) -> str | None:
        """Return the opaque `lock_version`; also of a number, which older programs send."""
        value = self.values.get("lock_version")
        return None if value in (None, "") else clean("lock_version", str(value), 200)


class IdConvertor(IntegerConvertor):
    """A number in a path; NO_ID, which nothing has, when it can't be an id. Python refuses to read 5,000 digits."""

    def convert(self, value: str) -> int:
        return an_id(value)


register_url_convertor("int", IdConvertor())  # here, so that it is known before any route is made


def an_id(text: str) -> int:
    """Read a decimal number; NO_ID when it can't be an id."""
    digits = text.lstrip("0")
    readable = digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_ID))
    return number if readable and (number := int(digits)) <= LARGEST_ID else NO_ID


def task_id(request: Request) -> int:
    """Return the task's id in the address. Raises NotFound for a number that no task can have."""
    return path_id(request, "task_id")


def entry_id(request: Request) -> int:
    return path_id(request, "entry_id")


def path_id(request: Request, name: str) -> int:
    """Return an id by its name in the route. Raises NotFound for a number that no row can have."""
    number: int = request.path_params[name]
    if number == NO_ID:
        raise NotFound
    return number


def path_text(request: Request, name: str) -> str:
    """Return a text of the address by its name in the route. Raises NotFound for one that can't be stored anywhere."""
    text: str = request.path_params[name]
    if UNSTORABLE.search(text):
        raise NotFound
    return text


async def read(request: Request) -> Fields:
    """Return the body's fields, parsed once a request. Raises UnsupportedType, and Malformed also for a broken line."""
    if not hasattr(request.state, "fields"):
        try:
            request.state.fields = await _fields(request)
        except ClientDisconnect as error:
            raise Malformed(detail="the line broke before the body was here") from error
    fields: Fields = request.state.fields
    return fields


async def files_in(request: Request, *fields: str) -> list[UploadFile]:
    """Return the files that a form has in these fields; none of them is whole when `too_large` is told."""
    await read(request)
    form = getattr(request.state, "spooled", None)
    return [file for field in fields for file in multipart.files_of(form, field)] if form else []


async def face(request: Request) -> Face:
    """Return the face that answers a form of a task, of a row or of a card."""
    return of_form(request, (await read(request)).values.get("view"))


def query_number(params: Mapping[str, str], name: str, default: int, least: int = 1) -> int:
    """Return a number of an address's query; `default` when it is absent or empty. Raises Invalid below `least`."""
    text = params.get(name, "")
    number = whole(name, text) if text else default
    if number < least:
        raise refusal(name, sentence("This must be %(least)s or more.", least=least))
    return number


def page_size(params: Mapping[str, str], default: int, most: int) -> int:
    """Return how many items a page has by `limit` or `per_page`, at most `most`. Raises Invalid."""
    return min(query_number(params, "limit" if "limit" in params else "per_page", default), most)


def query_values(request: Request) -> Mapping[str, Any]:
    """Return the values of an address's query, as `read` returns those of a form."""
    return _by_name(request.query_params.multi_items())


async def edit(request: Request, field: Field) -> Edit:
    """Read a change of one field, from the form of the task's page or from a program."""
    fields = await read(request)
    return Edit({field: _value(fields, field)}, fields.text("comment"), fields.version())


def edits(fields: Fields) -> Edit:
    """Read a change of all fields that were sent."""
    changes = {field: _value(fields, field) for field, name in VALUES.items() if name in fields.values}
    return Edit(changes, fields.text("comment"), fields.version())


def whole(name: str, value: object) -> int:
    """Read a whole number from 0 to the largest id. Raises Invalid."""
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > LARGEST_ID:
        raise refusal(name, sentence("This must be a whole number."))
    return int(text)


def moment(name: str, text: str, zone: tzinfo, message: Sentence) -> datetime:
    """Read an ISO 8601 moment, in `zone` unless it says otherwise, as one in UTC. Raises Invalid with `message`."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refusal(name, message) from error


def clean(name: str, value: str, limit: int = LONGEST_TEXT) -> str:
    """Return `value` with plain line ends. Raises Invalid when it is too long or has NUL bytes or lone surrogates."""
    text = value.replace("\r\n", "\n")
    if len(text) > limit:
        raise refusal(name, sentence("This is too long: at most %(limit)s characters.", limit=limit))
    if UNSTORABLE.search(text):
        raise refusal(name, sentence("This holds characters that can't be stored."))
    return text


def too_many(most: int) -> Sentence:
    return sentence("At most %(most)s of these at once.", most=most)


def _may_be_null(stored: Any) -> bool:
    return not isinstance(stored, bool | tuple)


def refusal(name: str, message: Sentence) -> Invalid:
    return Invalid({name: [message]})


def _value(fields: Fields, field: Field) -> int | None:
    """Return the id for a field, or None, which only the assignee may be."""
    value = fields.number(VALUES[field])
    if value is None and field != "assignee":
        raise refusal(VALUES[field], sentence("Please fill this in."))
    return value


async def _fields(request: Request) -> Fields:
    media_type = request_body.media_type_of(request.headers.get("content-type", ""))
    if media_type == "application/json":
        return Fields(request_body.json_object(await request.body()), is_json=True)
    if media_type == "application/x-www-form-urlencoded":
        return Fields(_by_name(await request_body.form(await request.body())))
    if media_type == "multipart/form-data":
        form, dropped = await multipart.parse(request)
        return Fields(_by_name(form.multi_items()), multipart.files_of(form), dropped)
    if not media_type and not await request.body():
        return Fields({})
    raise UnsupportedType


def _by_name(pairs: Iterable[tuple[str, str | UploadFile]]) -> Mapping[str, Any]:
    """Return the texts of each name; a name that only files have has none."""
    by_name: dict[str, list[str]] = {}
    for name, value in pairs:
        texts = by_name.setdefault(name, [])
        if isinstance(value, str):
            texts.append(value)
    return {name: _one_or_all(texts) for name, texts in by_name.items()}


def _one_or_all(values: list[str]) -> str | list[str] | None:
    return values if len(values) > 1 else values[0] if values else None
