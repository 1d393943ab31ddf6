"""Read a post from a form or from a program. Each wrong field is refused by its name, all at once."""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple, TypeVar

from starlette.requests import Request

from helpdesk.errors import Invalid, Sentence, TooLarge, sentence
from helpdesk.people.rights import GRANTED
from helpdesk.store import posts
from helpdesk.store.casefold import fold
from helpdesk.store.post_audience import LONGEST as LONGEST_DEPARTMENT
from helpdesk.store.post_edits import LONGEST_TITLE, Wanted
from helpdesk.store.post_files import MOST_OF_POST, FileRow
from helpdesk.store.post_readers import DEPARTMENT, RIGHT
from helpdesk.store.posts import Part, PostRow
from helpdesk.texts import is_blank
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields, refusal
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import MOMENT
from helpdesk.web.posts import files

LONGEST_ALT = 200
MOST_PARTS = 200
EVERYBODY, SOME = "all", "some"
EARLIEST, LATEST = 2000, 2100
"""The years that a post may be published in."""
LOCAL = "%Y-%m-%dT%H:%M"
NO_MOMENT = sentence("Please give a day and a time, such as 31.12.2026 09:00.")
TOO_EARLY = sentence("It must end after it begins.")
NO_TIME = sentence("It must end after now, or else nobody ever sees it.")
BREAKS = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029]+")
"""Characters that a title can't have, since no link could name such a page."""
NO_ALT = sentence("Please say in words what the picture shows: some of its readers can't see it.")
NOBODY = sentence("Please choose a department or a right, or everybody.")
AS_A_FILE = sentence("Please send the picture as a file of a form (multipart/form-data).")

T = TypeVar("T")


class Editing(NamedTuple):
    """The post that is edited, None for a new one of its `kind`, with its audience and files, and the departments to
    choose from."""

    departments: Sequence[str]
    post: PostRow | None = None
    audience: Sequence[Part] = ()
    files: Sequence[FileRow] = ()
    kind: str = posts.POST


async def read(request: Request, editing: Editing) -> Wanted:
    """Return the post that a request wants, with its files staged. Raises Invalid, TooLarge."""
    fields, post = await request_data.read(request), editing.post
    faults = Faults()
    staged = await faults.awaited(files.receive(request), ())
    picture = await faults.awaited(files.receive_picture(request), None)
    zone = services(request).settings.timezone
    begin = faults.of(lambda: moment(fields, "published_from", zone, post and post.published_from), None)
    end = faults.of(lambda: moment(fields, "published_until", zone, post and post.published_until), None)
    is_draft = faults.flag(fields, "draft", bool(post and post.is_draft))
    since = begin or (None if is_draft else _since(post, services(request).clock()))
    if since and end and end <= since:
        faults.add(refusal("published_until", TOO_EARLY if begin else NO_TIME))
    keeps_picture = picture is None and faults.flag(fields, "keep_picture", True)
    has_picture = picture is not None or bool(keeps_picture and post and post.picture)
    wanted = Wanted(
        faults.of(lambda: BREAKS.sub(" ", fields.required_text("title", LONGEST_TITLE)).strip(), ""),
        faults.of(lambda: fields.required_text("content"), ""),
        is_draft=is_draft,
        published_from=begin,
        published_until=end,
        is_pinned=faults.flag(fields, "pinned", bool(post and post.is_pinned)),
        is_important=faults.flag(fields, "important", bool(post and post.is_important)),
        asks_again=faults.flag(fields, "ask_again"),
        audience=faults.of(lambda: audience(fields, editing), ()),
        picture=picture.token if picture else "",
        keeps_picture=keeps_picture,
        picture_alt=faults.of(lambda: _alt(fields, has_picture, post), ""),
        files=tuple(it.token for it in staged),
        kept_files=faults.of(lambda: _kept_files(fields), None),
    )
    if fields.values.get("image") not in (None, ""):
        faults.add(refusal("image", AS_A_FILE))
    faults.require_none()
    return wanted


def moment(fields: Fields, name: str, zone: tzinfo, before: datetime | None = None) -> datetime | None:
    """Read a moment: of a form by the clock of our time zone, of a program also with an offset. Raises Invalid.

    None for an empty one. It stays as it was `before` where it is left out, and where a form has it as it showed it,
    without seconds and without the offset that tells the hours apart when clocks go back.
    """
    if name not in fields.values:
        return before
    text = fields.text(name, 40).strip()
    if not text:
        return None
    if not fields.is_json and text == local(before, zone):
        return before
    at = _parsed(text)
    if at is None or not EARLIEST <= at.year <= LATEST:
        raise refusal(name, NO_MOMENT)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _since(post: PostRow | None, now: datetime) -> datetime:
    """Return since when a post is published if its beginning is left empty."""
    earlier = None if post is None or post.is_draft else post.published_from
    return earlier if earlier and earlier <= now else now


def local(at: datetime | None, zone: tzinfo) -> str:
    """Return a moment as a form shows it; empty for none."""
    return at.astimezone(zone).strftime(LOCAL) if at else ""


def audience(fields: Fields, editing: Editing) -> tuple[Part, ...]:
    """Read for whom a post is: nothing for everybody. Raises Invalid, also for a department that nobody vouches for."""
    if fields.is_json and not fields.values.keys() & {"audience", "departments", "rights"}:
        return tuple(editing.audience)
    departments = _texts(fields, "departments", LONGEST_DEPARTMENT)
    chosen = [Part(RIGHT, it) for it in _texts(fields, "rights", 40)] + [Part(DEPARTMENT, it) for it in departments]
    whom = fields.text("audience", 10) or (SOME if chosen else EVERYBODY)
    if whom not in (EVERYBODY, SOME):
        raise refusal("audience", request_data.NO_CHOICE)
    if whom == EVERYBODY:
        return ()
    if not chosen:
        raise refusal("audience", NOBODY)
    offered = {(it.kind, fold(it.value)) for it in editing.audience} | {(RIGHT, it) for it in GRANTED}
    offered |= {(DEPARTMENT, fold(it)) for it in editing.departments}
    if any((it.kind, fold(it.value)) not in offered for it in chosen):
        raise refusal("audience", request_data.NO_CHOICE)
    return tuple(chosen)


class Faults:
    """The faults of all fields together."""

    def __init__(self) -> None:
        self.fields: dict[str, Sequence[Sentence]] = {}
        self.too_large: TooLarge | None = None

    def of(self, read: Callable[[], T], default: T) -> T:
        """Return what `read` returns; note its fault and return `default` otherwise."""
        try:
            return read()
        except Invalid as error:
            self.add(error)
            return default

    def flag(self, fields: Fields, name: str, before: bool = False) -> bool:
        """Read a box of a form, which is absent when it is not ticked; what a program leaves out stays as `before`."""
        return self.of(lambda: fields.flag(name, before and fields.is_json), False)

    def add(self, error: Invalid) -> None:
        self.fields |= error.fields

    def require_none(self) -> None:
        """Raise TooLarge or Invalid if there was any fault."""
        if self.too_large:
            raise self.too_large
        if self.fields:
            raise Invalid(self.fields)

    async def awaited(self, read: Awaitable[T], default: T) -> T:
        """Do the same for a reader of files."""
        try:
            return await read
        except Invalid as error:
            self.add(error)
        except TooLarge as error:
            self.too_large = error
        return default


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.strptime(text, MOMENT)
    except ValueError:
        return None


def _alt(fields: Fields, has_picture: bool, post: PostRow | None) -> str:
    """Read what the picture shows. For a program that does not say so it is the title, since the contract asks for no
    more. Raises Invalid without it."""
    if not has_picture:
        return ""
    text = BREAKS.sub(" ", fields.text("picture_alt", LONGEST_ALT)).strip()
    if not is_blank(text):
        return text
    if "picture_alt" in fields.values:
        raise refusal("picture_alt", NO_ALT)
    return post.picture_alt if post and post.picture_alt else fields.text("title", LONGEST_TITLE).strip()


def _kept_files(fields: Fields) -> Collection[int] | None:
    """Read the numbers of the files that stay; None for all, as a program that does not name them wants it."""
    if fields.is_json and "kept_files" not in fields.values:
        return None
    return {request_data.whole("kept_files", it) for it in fields.all_values("kept_files", MOST_OF_POST)}


def _texts(fields: Fields, name: str, longest: int) -> list[str]:
    found = fields.all_values(name, MOST_PARTS)
    if not all(isinstance(it, str) for it in found):
        raise refusal(name, sentence("This must be a text."))
    return [request_data.clean(name, it, longest) for it in found]
