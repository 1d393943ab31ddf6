"""The check of the mail server."""

from helpdesk.health import Check, Trouble
from helpdesk.notifications.channels.email.account import account
from helpdesk.notifications.channels.email.faults import Fault
from helpdesk.notifications.channels.email.smtp import Connection
from helpdesk.settings.settings import Settings


def check(settings: Settings) -> Check:
    """Check that the mail server lets us in, over a connection as we send by. Nothing is sent."""
    used = account(settings)

    async def look() -> None:
        connection = Connection(used)
        try:
            await connection.probe()
        except Fault as fault:
            raise Trouble(fault.reason, fault.advice) from fault
        finally:
            await connection.close()

    return Check("smtp", look)
