"""Make the application that the workers of `commands.py: _run` import.

Served by uvicorn alone it lacks the limits of `http_protocol.py`.
"""

from helpdesk import logs
from helpdesk.app import create_app
from helpdesk.settings.settings import from_process, require_secret_key
from helpdesk.wiring import wire

settings = from_process()
logs.configure(settings.log_level)
require_secret_key(settings)
app = create_app(wire(settings))
