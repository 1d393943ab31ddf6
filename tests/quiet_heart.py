"""`python -m tests.quiet_heart ARGUMENTS` is `helpdesk ARGUMENTS` with a heart that beats once an hour: what wakes its
streams sooner is a bell."""

from helpdesk.__main__ import main
from helpdesk.web.live import hub

if __name__ == "__main__":
    hub.HEARTBEAT_SECONDS = 3600.0
    main()
