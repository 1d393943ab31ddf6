"""Keep an agent's password for the length of a session: encrypted, as the session's secret."""

import json

from helpdesk.encryption import Box
from helpdesk.telephony.phone import Credentials


def sealed(box: Box, who: Credentials) -> str:
    """Return the credentials as a secret of a session."""
    return box.seal(json.dumps([who.password, who.extension], ensure_ascii=False))


def opened(box: Box, agent_id: str, secret: str) -> Credentials | None:
    """Return the credentials of a session's secret; None if no key opens it."""
    text = box.open(secret)
    return Credentials(agent_id, *json.loads(text)) if text else None
