"""What came with a request, form or JSON alike, as typed values; what can't be one is refused with its field's name."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.datastructures import FormData, UploadFile
from starlette.requests import ClientDisconnect, Request

from helpdesk.errors import Invalid, Malformed, Sentence, UnsupportedType, sentence
from helpdesk.tasks.model import Edit, Field
from helpdesk.web import multipart

LONGEST_TEXT = 65_535
LARGEST_ID = 2**31 - 1
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
VALUES: dict[Field, str] = {"status": "status_id", "priority": "priority_id", "assignee": "assignee_id"}


class Fields(NamedTuple):
    """The values of a body by name: text from forms, any JSON value from programs.

    `files` come with forms alone; when they were `too_large` together, none of them can be used.
    """

    values: Mapping[str, Any]
    files: Sequence[UploadFile] = ()
    too_large: bool = False

    def text(self, name: str, limit: int = LONGEST_TEXT) -> str:
        """A text of at most `limit` characters, empty when absent. Raises Invalid for what can't be stored."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise refusal(name, sentence("This must be a text."))
        return clean(name, value, limit)

    def listed(self, name: str) -> list[Any]:
        """The values of a name that may come repeatedly; none when absent."""
        value = self.values.get(name)
        return value if isinstance(value, list) else [] if value is None else [value]

    def required_text(self, name: str, limit: int = LONGEST_TEXT) -> str:
        value = self.text(name, limit)
        if not value.strip():
            raise refusal(name, sentence("Please fill this in."))
        return value

    def number(self, name: str) -> int | None:
        """A whole number that can be an id; None for null and the empty text. Raises Invalid when absent or other."""
        if name not in self.values:
            raise refusal(name, sentence("Please fill this in."))
        value = self.values[name]
        return None if value is None or value == "" else whole(name, value)

    def flag(self, name: str, default: bool = False) -> bool:
        """Tolerant of case; an absent one or null is `default`."""
        if self.values.get(name) is None:
            return default
        value = str(self.values[name]).lower()
        if value not in TRUE | FALSE:
            raise refusal(name, sentence("This must be yes or no."))
        return value in TRUE

    def version(self) -> str | None:
        """The opaque `lock_version`; numbers are taken too, for programs that knew it as one."""
        value = self.values.get("lock_version")
        return None if value in (None, "") else clean("lock_version", str(value), 200)


async def read(request: Request) -> Fields:
    """The body's fields, parsed once a request. Raises Malformed, also when the line broke, UnsupportedType."""
    if not hasattr(request.state, "fields"):
        try:
            request.state.fields = await _fields(request)
        except ClientDisconnect as error:
            raise Malformed(detail="the line broke before the body was here") from error
    fields: Fields = request.state.fields
    return fields


def of_query(request: Request) -> Mapping[str, Any]:
    """What an address says by its query, as `read` gives what a form says."""
    query = request.query_params
    return {name: _one_or_all(query.getlist(name)) for name in query}


async def edit(request: Request, field: Field) -> Edit:
    """A change of one field, from the form of the task's page or from a program."""
    fields = await read(request)
    return Edit({field: _value(fields, field)}, fields.text("comment"), fields.version())


def edits(fields: Fields) -> Edit:
    """A change of whichever fields came."""
    changes = {field: _value(fields, field) for field, name in VALUES.items() if name in fields.values}
    return Edit(changes, fields.text("comment"), fields.version())


def row_by(values: Mapping[str, Any]) -> str:
    """Whom the rows of a list name, "author" or "assignee", as `by` says."""
    return "author" if values.get("by") == "author" else "assignee"


def whole(name: str, value: object) -> int:
    """A whole number from 0 to the largest id. Raises Invalid."""
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > LARGEST_ID:
        raise refusal(name, sentence("This must be a whole number."))
    return int(text)


def clean(name: str, value: str, limit: int = LONGEST_TEXT) -> str:
    """`value` with plain line ends. Raises Invalid when it is too long or holds NUL bytes or half characters."""
    text = value.replace("\r\n", "\n")
    if len(text) > limit:
        raise refusal(name, sentence("This is too long: at most %(limit)s characters.", limit=limit))
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise refusal(name, sentence("This holds characters that can't be stored."))
    return text


def refusal(name: str, says: Sentence) -> Invalid:
    return Invalid({name: [says]})


def _value(fields: Fields, field: Field) -> int | None:
    """The id that a field shall hold; only nobody may be assigned."""
    value = fields.number(VALUES[field])
    if value is None and field != "assignee":
        raise refusal(VALUES[field], sentence("Please fill this in."))
    return value


async def _fields(request: Request) -> Fields:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    limit: int = request.app.state.services.settings.max_content_length
    if kind == "application/json":
        return Fields(_json_object(await request.body()))
    if kind == "application/x-www-form-urlencoded":
        return Fields(_texts(await request.form(max_part_size=limit)))
    if kind == "multipart/form-data":
        form, dropped = await multipart.parse(request, limit)
        return Fields(_texts(form), multipart.files_of(form), dropped)
    if not kind and not await request.body():
        return Fields({})
    raise UnsupportedType


def _texts(form: FormData) -> Mapping[str, Any]:
    """The values of a name that only files have are none."""
    return {name: _one_or_all([value for value in form.getlist(name) if isinstance(value, str)]) for name in form}


def _one_or_all(values: list[str]) -> str | list[str] | None:
    return values if len(values) > 1 else values[0] if values else None


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(found, dict):
        raise Malformed
    return found
