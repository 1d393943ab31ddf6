"""What the tests of pages have, for those of announcements."""

from tests.web.conftest import leaks, services, visit

__all__ = ["leaks", "services", "visit"]
