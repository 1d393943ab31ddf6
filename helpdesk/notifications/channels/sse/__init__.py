"""Deliver notifications to open pages and programs over server-sent events.

The list of notifications in the store is what is shown, so nothing is queued for this channel: when rows were stored,
`EventProcessor.write` wakes the streams of all their people at once, in every process, and each stream reads the rows
above the last one that it sent (`streams.py`, `web/live/`).
"""

from typing import get_args

from helpdesk.errors import sentence
from helpdesk.notifications.channels.port import Channel, Option
from helpdesk.notifications.kinds import Type

ALL = frozenset[Type](get_args(Type))
SILENT = frozenset[Type]({"system", "attachment"})

PAGE = Option("page", sentence("List"), ALL, loud=False)
"""Chosen when the person wants the notification listed: only then is it stored."""
SOUND = Option("sound", sentence("Sound"), ALL - SILENT, needs="page")
"""Chosen when the page plays a sound for it."""


CHANNEL = Channel("stream", (PAGE, SOUND))
