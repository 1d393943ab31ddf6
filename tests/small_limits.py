"""`python -m tests.small_limits ARGUMENTS` is `helpdesk ARGUMENTS` with little patience and few descriptors.

Where TEST_PATIENCE is set its patience is so many seconds.
"""

import os
import resource

from helpdesk import http_protocol
from helpdesk.__main__ import main
from helpdesk.web.core import request_body

DESCRIPTORS = 192
SECONDS = 0.8

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    seconds = float(os.environ.get("TEST_PATIENCE", SECONDS))
    http_protocol.HEAD_SECONDS = http_protocol.CROWDED_SECONDS = request_body.PATIENCE_SECONDS = seconds
    http_protocol.UNREAD_SECONDS = seconds
    http_protocol.CHECK_SECONDS = http_protocol.SHED_SECONDS = seconds / 4
    main()
