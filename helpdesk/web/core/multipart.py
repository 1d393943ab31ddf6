"""Forms with files, and the names of files in every way that browsers and programs write them.

Files go to the disk as they come. Those over the limit are read to their end and dropped: a browser that is still
sending reads no answer, so it would show a lost connection, and a form without JavaScript would lose its texts.

Browsers send names in UTF-8, with `%22` for a quote (HTML, multipart/form-data encoding algorithm). Programs also send
`filename*` (RFC 5987, RFC 8187; in pieces by RFC 2231) or encoded words (RFC 2047), because their libraries do.
"""

import binascii
import re
from contextlib import aclosing
from itertools import count, takewhile
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
    """Starlette's parser with limits: `max_part_size` for all texts together, `most_of_files` for all files.

    A form that breaks off is refused: Starlette would silently leave the last file out. So is a text that is not UTF-8,
    which Starlette would read in another charset.
    """

    most_of_files = 0
    texts = 0
    files = 0
    ended = False

    @property
    def dropped(self) -> bool:
        return self.files > self.most_of_files

    def on_headers_finished(self) -> None:
        """Give Starlette a plain `filename`, by which alone it detects a file."""
        header = self._current_part.content_disposition or b""
        name = file_name_in(header)
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
    """Return the form, and whether its files were too large and are not whole.

    They are closed with the request (`request_body.py`). Raises Malformed, TooLarge for texts, and StorageFull.
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


def files_of(form: FormData, field: str | None = None) -> list[UploadFile]:
    """Return the chosen files, of one field or of all; a browser sends one without a name for an input in which none
    was chosen."""
    sent = form.multi_items()
    return [file for name, file in sent if isinstance(file, UploadFile) and file.filename and field in (None, name)]


def file_name_in(header: bytes) -> str | None:
    """Return the file name in a Content-Disposition, if any: `filename*` before `filename`."""
    parameters = {match[1].lower(): match[2] for match in PARAMETER.finditer(header)}
    plain = parameters.get(b"filename")
    extended = _extended(parameters.get(b"filename*", b"")) or _in_pieces(parameters)
    if extended is not None or plain is None:
        return extended
    decoded = _encoded_words(_unquoted(plain))
    return decoded if decoded is not None else OF_BROWSER.sub(_of_browser, _text(_unquoted(plain)))


def _extended(value: bytes) -> str | None:
    """Decode `UTF-8'ru'%D1%84.txt`; None for another form, or for bytes that are not in that charset."""
    match = EXTENDED.fullmatch(_unquoted(value).strip())
    return _decoded(match[1], unquote_to_bytes(match[2])) if match else None


def _in_pieces(parameters: dict[bytes, bytes]) -> str | None:
    """Decode `filename*0*=UTF-8''…; filename*1*=…; filename*2=…`; pieces with a second star are percent-encoded."""
    matches = ((PIECE.fullmatch(name), value) for name, value in parameters.items())
    pieces = {int(match[1]): (match[2], value) for match, value in matches if match}
    if 0 not in pieces:
        return None
    charset, name = b"utf-8", b""
    for number in takewhile(pieces.__contains__, count()):
        star, value = pieces[number][0], _unquoted(pieces[number][1])
        if number == 0 and star and (match := EXTENDED.fullmatch(value)):
            charset, value = match[1], match[2]
        name += unquote_to_bytes(value) if star else value
    return _decoded(charset, name)


def _encoded_words(value: bytes) -> str | None:
    """Decode a name with encoded words; None without any. Neighbours may share a letter, so their bytes are joined."""
    value, text, pending, charset, end = BETWEEN_WORDS.sub(b"", value), "", b"", b"", 0
    for word in ENCODED_WORD.finditer(value):
        if pending and (word.start() > end or word[1].lower() != charset):
            text, pending = text + (_decoded(charset, pending) or _text(pending)), b""
        text += _text(value[end : word.start()])
        charset, end = word[1].lower(), word.end()
        pending += _word_bytes(word[2], word[3])
    return text + (_decoded(charset, pending) or _text(pending)) + _text(value[end:]) if end else None


def _word_bytes(encoding: bytes, content: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(content, header=True)
    try:
        return binascii.a2b_base64(content + b"==")
    except binascii.Error:
        return content


def _decoded(charset: bytes, content: bytes) -> str | None:
    """Decode by one of CHARSETS; None for another charset or wrong bytes."""
    try:
        return content.decode(CHARSETS[charset.lower()])
    except (KeyError, UnicodeDecodeError):
        return None


def _unquoted(value: bytes) -> bytes:
    """Return a value unquoted. Only quotes and backslashes count as escaped: old browsers send whole paths."""
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
