"""Forms with files. Files go to the disk as they come; those over the limit are read to their end and dropped.

For a browser that is still sending listens to no answer: cut off, it would show a lost connection, and a form without
JavaScript would lose its texts. So the texts are here, whatever the files weigh.
"""

import binascii
import re
from contextlib import aclosing
from urllib.parse import unquote_to_bytes

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from helpdesk.errors import Malformed, TooLarge
from helpdesk.store import disk
from helpdesk.web.core import request_body

MOST_PARTS = 1000
MOST_FILES = 100
PARAMETER = re.compile(rb';\s*([^\s;="]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
EXTENDED = re.compile(rb"([\w-]{1,40})'[\w-]*'(.*)", re.DOTALL)
PIECE = re.compile(rb"filename\*(\d{1,2})(\*?)")
ENCODED_WORD = re.compile(rb"=\?([\w-]{1,40})(?:\*[\w-]{1,40})?\?([bBqQ])\?([^?\s]*)\?=")
BETWEEN_WORDS = re.compile(rb"(?<=\?=)[ \t\r\n]{1,100}(?==\?)")
OF_BROWSERS = {"%22": '"', "%0D": "\r", "%0A": "\n"}
OF_BROWSER = re.compile("|".join(OF_BROWSERS), re.IGNORECASE)
CHARSETS = {
    name.encode(): name
    for name in ("utf-8", "us-ascii", "iso-8859-1", "iso-8859-5", "windows-1251", "windows-1252", "koi8-r", "cp866")
}


class Parser(MultiPartParser):
    """`max_part_size` bounds all texts together; `dropped` says that all files weigh more than `most_of_files`.

    A form that ends before its end is refused: Starlette would leave the last file out and say nothing. So is a text
    that is not UTF-8, which Starlette would read as something else.
    """

    most_of_files = 0
    texts = 0
    files = 0
    ended = False

    @property
    def dropped(self) -> bool:
        return self.files > self.most_of_files

    def on_headers_finished(self) -> None:
        """Starlette knows a file by a plain `filename` alone."""
        header = self._current_part.content_disposition or b""
        name = in_disposition(header)
        if name is not None:
            self._current_part.content_disposition = header + b'; filename=""'
        super().on_headers_finished()
        if name is not None and self._current_part.file is not None:
            self._current_part.file.filename = name

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self.texts += end - start
            if self.texts > self.max_part_size:
                raise TooLarge
        else:
            self.files += end - start
            if self.dropped:
                return
        super().on_part_data(data, start, end)

    def on_part_end(self) -> None:
        try:
            self._current_part.data.decode()
        except UnicodeDecodeError as error:
            raise MultiPartException("A text is not UTF-8.") from error
        super().on_part_end()

    def on_end(self) -> None:
        self.ended = True

    async def parse(self) -> FormData:
        form = await super().parse()
        if not self.ended:
            for file in self._files_to_close_on_error:
                file.close()
            raise MultiPartException("The form breaks off.")
        return form


async def parse(request: Request) -> tuple[FormData, bool]:
    """The form, and whether its files were too large and are not whole. They are closed with the request
    (`request_body.py`).

    Raises Malformed, TooLarge for texts over the limit, and StorageFull.
    """
    allowed = request_body.allowed(request)
    async with aclosing(request.stream()) as stream:
        parser = Parser(
            request.headers, stream, max_files=MOST_FILES, max_fields=MOST_PARTS, max_part_size=allowed.plain
        )
        parser.most_of_files = allowed.files
        try:
            with disk.writing():
                request.state.spooled = await parser.parse()
        except MultiPartException as error:
            raise Malformed from error
    return request.state.spooled, parser.dropped


def files_of(form: FormData) -> list[UploadFile]:
    """The files that somebody chose; a browser sends one without a name for an input in which none was chosen."""
    found = (value for _, value in form.multi_items() if isinstance(value, UploadFile))
    return [file for file in found if file.filename]


def in_disposition(header: bytes) -> str | None:
    """The file name that a Content-Disposition tells, None when it tells none: `filename*` before `filename`."""
    given = {match[1].lower(): match[2] for match in PARAMETER.finditer(header)}
    plain = given.get(b"filename")
    extended = _extended(given.get(b"filename*", b"")) or _in_pieces(given)
    if extended is not None or plain is None:
        return extended
    words = _encoded_words(_unquoted(plain))
    return words if words is not None else OF_BROWSER.sub(_of_browser, _text(_unquoted(plain)))


def _extended(value: bytes) -> str | None:
    """`UTF-8'ru'%D1%84.txt`; None for what is none, or can't be read as it says."""
    found = EXTENDED.fullmatch(_unquoted(value).strip())
    return _decoded(found[1], unquote_to_bytes(found[2])) if found else None


def _in_pieces(given: dict[bytes, bytes]) -> str | None:
    """`filename*0*=UTF-8''…; filename*1*=…; filename*2=…`, the pieces with a second star by percents."""
    pieces = {int(match[1]): (match[2], value) for name, value in given.items() if (match := PIECE.fullmatch(name))}
    if 0 not in pieces:
        return None
    charset, whole = b"utf-8", b""
    for place in range(len(pieces)):
        if place not in pieces:
            break
        star, value = pieces[place][0], _unquoted(pieces[place][1])
        if place == 0 and star and (found := EXTENDED.fullmatch(value)):
            charset, value = found[1], found[2]
        whole += unquote_to_bytes(value) if star else value
    return _decoded(charset, whole)


def _encoded_words(value: bytes) -> str | None:
    """A name with encoded words in it; None for one without any. Neighbours may share a letter, so bytes are joined."""
    value, text, held, charset, end = BETWEEN_WORDS.sub(b"", value), "", b"", b"", 0
    for word in ENCODED_WORD.finditer(value):
        if held and (word.start() > end or word[1].lower() != charset):
            text, held = text + (_decoded(charset, held) or _text(held)), b""
        text += _text(value[end : word.start()])
        charset, end = word[1].lower(), word.end()
        held += _word_bytes(word[2], word[3])
    return text + (_decoded(charset, held) or _text(held)) + _text(value[end:]) if end else None


def _word_bytes(encoding: bytes, content: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(content, header=True)
    try:
        return binascii.a2b_base64(content + b"==")
    except binascii.Error:
        return content


def _decoded(charset: bytes, content: bytes) -> str | None:
    """None for bytes that are not what they are said to be. No other codec may be named than CHARSETS."""
    try:
        return content.decode(CHARSETS[charset.lower()])
    except (KeyError, UnicodeDecodeError):
        return None


def _unquoted(value: bytes) -> bytes:
    """A value without its quotes. Only quotes and backslashes are taken as escaped: old browsers send whole paths."""
    value = value.strip()
    if len(value) < 2 or not (value[:1] == value[-1:] == b'"'):
        return value
    return re.sub(rb'\\(["\\])', rb"\1", value[1:-1])


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _of_browser(escape: re.Match[str]) -> str:
    return OF_BROWSERS[escape[0].upper()]
