"""Files of tasks over Redmine's REST API, streamed both ways."""

import re
from collections.abc import Awaitable, Callable

from helpdesk.errors import Invalid, LockedOut, NotAllowed, NotFound, Sentence, TooLarge
from helpdesk.redmine_client import part
from helpdesk.tasks.files import Staged, Upload, plain_name, plain_type
from helpdesk.tasks.model import Actor, Attachment, Opened
from helpdesk.tasks.redmine.rest import file_transfers, json_mapper
from helpdesk.tasks.redmine.rest.calls import RestCalls

KILOBYTE = 1024


ReadAttachment = Callable[[Actor, int, int], Awaitable[Attachment]]


class IssueFiles:
    """`read_attachment` finds a file of a task, within a call of this part."""

    def __init__(self, calls: RestCalls, read_attachment: ReadAttachment) -> None:
        self.calls, self.client, self.users, self.read_attachment = calls, calls.client, calls.users, read_attachment

    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        """Which size is too large Redmine tells only by refusing it. What nobody attaches its own
        `rake redmine:attachments:prune` throws away."""
        async with self.calls.reading():
            await self.users.me(actor)
        plain = upload._replace(filename=plain_name(upload.filename), content_type=plain_type(upload.content_type))
        try:
            taken = part(await file_transfers.send(self.client, plain, actor.login), "upload")
        except Invalid as refusal:
            raise _refused(refusal, upload.size) from refusal
        async with self.calls.reading():
            return Staged(json_mapper.text(taken, "token"), plain.filename, plain.size, plain.content_type)

    async def open_file(self, actor: Actor, task_id: int, file_id: int, first: int = 0) -> Opened:
        async with self.calls.reading():
            await self.users.me(actor)
            file = await self.read_attachment(actor, task_id, file_id)
            path = f"/attachments/download/{file_id}"
            try:
                return Opened(file, await file_transfers.receive(self.client, path, actor.login, file.size, first))
            except LockedOut:
                raise
            except NotAllowed as error:
                raise NotFound(detail=error.detail) from error


def _refused(refusal: Invalid, size: int) -> Invalid | TooLarge:
    """Too large, when Redmine's sentence names a limit below the size; else it dislikes something, as the ending.

    Source: Redmine's Attachment#validate_max_file_size, #validate_file_extension; the limit is told in bytes.
    """
    says: list[Sentence] = [says for sentences in refusal.fields.values() for says in sentences]
    for sentence in says:
        limits = [int(number) for number in re.findall(r"\d{4,15}", sentence.text)]
        if any(limit < size and limit % KILOBYTE == 0 for limit in limits):
            return TooLarge(sentence, detail=refusal.detail)
    return Invalid({"files": says})
