"""Files of tasks over Redmine's REST API, streamed both ways."""

import re

from helpdesk.errors import Invalid, LockedOut, NotAllowed, NotFound, Sentence, TooLarge
from helpdesk.redmine_client import part
from helpdesk.tasks.files import Staged, Upload, plain_name, plain_type
from helpdesk.tasks.model import Actor, Attachment, Opened
from helpdesk.tasks.redmine import reading, transfers
from helpdesk.tasks.redmine.one_task import OneTask

KILOBYTE = 1024


class Files(OneTask):
    async def stage(self, actor: Actor, upload: Upload) -> Staged:
        """Which size is too large Redmine tells only by refusing it. What nobody attaches its own
        `rake redmine:attachments:prune` throws away."""
        async with self.asking():
            await self.look_up.me(actor)
        plain = upload._replace(filename=plain_name(upload.filename), content_type=plain_type(upload.content_type))
        try:
            taken = part(await transfers.send(self.client, plain, actor.login), "upload")
        except Invalid as refusal:
            raise _refused(refusal, upload.size) from refusal
        async with self.asking():
            return Staged(reading.text(taken, "token"), plain.filename, plain.size, plain.content_type)

    async def open_file(self, actor: Actor, task_id: int, file_id: int, first: int = 0) -> Opened:
        async with self.asking():
            await self.look_up.me(actor)
            file = await self._attachment(actor, task_id, file_id)
            path = f"/attachments/download/{file_id}"
            try:
                return Opened(file, await transfers.receive(self.client, path, actor.login, file.size, first))
            except LockedOut:
                raise
            except NotAllowed as error:
                raise NotFound(detail=error.detail) from error

    async def _attachment(self, actor: Actor, task_id: int, file_id: int) -> Attachment:
        issue = await self._issue(actor, task_id, "attachments")
        files = map(reading.attachment, issue.get("attachments", ()))
        found = next((file for file in files if file.id == file_id), None)
        if found is None:
            raise NotFound
        return found


def _refused(refusal: Invalid, size: int) -> Invalid | TooLarge:
    """Too large, when Redmine's sentence names a limit below the size; else it dislikes something, as the ending.

    Source: Redmine's Attachment#validate_max_file_size, #validate_file_extension; the limit is told in bytes.
    """
    says: list[Sentence] = [says for told in refusal.fields.values() for says in told]
    for sentence in says:
        limits = [int(number) for number in re.findall(r"\d{4,15}", sentence.text)]
        if any(limit < size and limit % KILOBYTE == 0 for limit in limits):
            return TooLarge(sentence, detail=refusal.detail)
    return Invalid({"files": says})
