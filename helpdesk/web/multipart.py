"""Forms with files. Files go to the disk as they come; those over the limit are read to their end and dropped.

For a browser that is still sending listens to no answer: cut off, it would show a lost connection, and a form without
JavaScript would lose its texts. So the texts are here, whatever the files weigh.
"""

from contextlib import aclosing

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from helpdesk.errors import Malformed, TooLarge

MOST_PARTS = 1000
MOST_FILES = 100


class Parser(MultiPartParser):
    """`dropped` says that the files weigh more than `max_part_size` together, as the texts may not either.

    A form that ends before its end is refused: Starlette would leave the last file out and say nothing.
    """

    texts = 0
    files = 0
    ended = False

    @property
    def dropped(self) -> bool:
        return self.files > self.max_part_size

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

    def on_end(self) -> None:
        self.ended = True

    async def parse(self) -> FormData:
        form = await super().parse()
        if not self.ended:
            for file in self._files_to_close_on_error:
                file.close()
            raise MultiPartException("The form breaks off.")
        return form


async def parse(request: Request, limit: int) -> tuple[FormData, bool]:
    """The form, and whether its files were too large and are not whole. The edge closes them (`state.spooled`).

    Raises Malformed, and TooLarge for texts over the limit.
    """
    async with aclosing(request.stream()) as stream:
        parser = Parser(request.headers, stream, max_files=MOST_FILES, max_fields=MOST_PARTS, max_part_size=limit)
        try:
            request.state.spooled = await parser.parse()
        except MultiPartException as error:
            raise Malformed from error
    return request.state.spooled, parser.dropped


def files_of(form: FormData) -> list[UploadFile]:
    """The files that somebody chose; a browser sends one without a name for an input in which none was chosen."""
    found = (value for _, value in form.multi_items() if isinstance(value, UploadFile))
    return [file for file in found if file.filename]
