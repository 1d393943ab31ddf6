"""The check of Finesse: a node must say that it is in service. Nobody signs in, so that no agent can be locked."""

import logging

from helpdesk import tls
from helpdesk.errors import HelpdeskError, sentence
from helpdesk.health import SEE, Check, Trouble
from helpdesk.telephony.finesse import xml
from helpdesk.telephony.finesse.client import Client, NotReached
from helpdesk.telephony.finesse.phone import FinessePhone
from helpdesk.telephony.phone import Phone, PhoneUnavailable

log = logging.getLogger(__name__)

PATH = "/SystemInfo"
IN_SERVICE = "IN_SERVICE"
CISCO = sentence("See what Finesse's own administration says.")
NOBODY = Trouble(sentence("nobody answers there"), SEE)
ADDRESS = sentence("Check FINESSE_BASE_URL: https, the name of a node, port 8445.")


def check(phone: Phone) -> Check:
    """Check that one of the nodes is in service."""

    async def look() -> None:
        assert isinstance(phone, FinessePhone)
        client = phone.client
        found = [await _trouble(client, node) for node in client.nodes]
        broken = [it for it in found if it is not None]
        if len(broken) == len(found):
            raise broken[0]
        for trouble in broken:
            log.warning("a node of the phone system is not in service", extra={"error": str(trouble)})

    return Check("finesse", look)


async def _trouble(client: Client, node: str) -> Trouble | None:
    """Return why a node is not in service. One that wants a password for this at least answers."""
    try:
        status, body = await client.probe(node, PATH)
        if status in (401, 403):
            return None
        if status == 503:
            return Trouble(sentence("it is out of service"), CISCO)
        if status != 200:
            return Trouble(sentence("it answers with status %(status)s", status=status), ADDRESS)
        told = await xml.read(body, "systeminfo", lambda found: found.word("status"))
    except NotReached as error:
        if refused := tls.refusal(error, "FINESSE_BASE_URL", "FINESSE_CA_BUNDLE"):
            return Trouble(*refused)
        return NOBODY
    except PhoneUnavailable:
        return NOBODY
    except HelpdeskError:
        return Trouble(sentence("what answers there is no Finesse"), ADDRESS)
    return None if told.upper() == IN_SERVICE else Trouble(sentence("it is out of service"), CISCO)
