"""The person who is signed in, as somebody who asks for help."""

from starlette.requests import Request

from helpdesk.requests.model import Requester
from helpdesk.tasks.files import Staged
from helpdesk.web.core import session
from helpdesk.web.core.services import services
from helpdesk.web.files import uploads


async def requester(request: Request) -> Requester:
    """Return the requester, looked up once a request. Raises NotSignedIn."""
    if not hasattr(request.state, "requester"):
        request.state.requester = await services(request).requests.requester(await session.required(request))
    who: Requester = request.state.requester
    return who


def owner(who: Requester) -> str:
    """Return the owner of the files that a requester's forms send."""
    return f"requester {who.person.id}"


async def receive_files(request: Request, who: Requester) -> tuple[Staged, ...]:
    """Stage the files of a form. Raises Invalid, TooLarge, NotAllowed."""
    return await uploads.receive_by(request, owner(who), lambda file: services(request).requests.stage(who, file))
