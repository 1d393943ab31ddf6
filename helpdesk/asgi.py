"""The line that uvicorn starts: `uvicorn helpdesk.asgi:app`."""

from helpdesk.app import create_app
from helpdesk.settings import from_process, require_secret_key
from helpdesk.wiring import wire

settings = from_process()
require_secret_key(settings)
app = create_app(wire(settings))
