"""Forms with files. Files go to the disk as they come; those over the limit are read to their end and dropped.

For a browser that is still sending listens to no answer: cut off, it would show a lost connection, and a form without
JavaScript would lose its texts. So the texts are here, whatever the files weigh.
"""

from contextlib import aclosing

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from helpdesk.errors import Malformed, TooLarge
from helpdesk.store import disk
from helpdesk.web.core import body_limit, file_names

MOST_PARTS = 1000
MOST_FILES = 100


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
        name = file_names.in_disposition(header)
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
    (`body_limit.py`).

    Raises Malformed, TooLarge for texts over the limit, and StorageFull.
    """
    allowed = body_limit.allowed(request)
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
