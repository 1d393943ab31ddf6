"""Ask the mail server about recipients, before a letter to them is written."""

import asyncio
from collections.abc import Collection

from helpdesk.notifications.channels.email import addresses
from helpdesk.notifications.channels.email.account import account
from helpdesk.notifications.channels.email.faults import SILENT, Fault
from helpdesk.notifications.channels.email.smtp import Connection
from helpdesk.settings.settings import Settings

CHECK_SECONDS = 8.0
NO_ADDRESS = ""
"""In place of the server's words, for what it was not asked about."""


async def refusals(settings: Settings, recipients: Collection[str]) -> dict[str, str]:
    """Ask the server now, and return the words with which it refuses recipients for good. Raises Fault.

    A server that puts a recipient off, as for greylisting, does not refuse it. What is no plain address, and letters
    that the server can't take, are refused without any words.
    """
    plain_ones = {
        each: envelope for each in recipients if (envelope := addresses.envelope(each)).isascii() and envelope
    }
    connection = Connection(account(settings))
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found = await connection.refused(list(dict.fromkeys(plain_ones.values())))
    except TimeoutError as error:
        raise Fault("unreachable", SILENT) from error
    finally:
        await connection.close()
    others = {each: NO_ADDRESS for each in recipients if each not in plain_ones}
    return others | {each: str(found[it]) for each, it in plain_ones.items() if it in found and found[it].is_permanent}
