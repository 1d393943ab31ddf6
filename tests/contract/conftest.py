"""The contract is asked of the same application as the pages are."""

from tests.web.conftest import services, visit

__all__ = ["services", "visit"]
