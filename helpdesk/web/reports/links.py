"""Make the addresses of the tasks that numbers count."""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from helpdesk.reports.address import LONGEST_TEXT, Address
from helpdesk.reports.model import TIME, Key, Measure
from helpdesk.reports.periods import Period


class Links(NamedTuple):
    """The path of the tasks, and the filters of the report: made once, since a page has hundreds of numbers."""

    path: str
    filters: str
    groups: tuple[str, ...]
    parts: tuple[Period, ...]

    @classmethod
    def of(cls, path: str, address: Address, parts: Sequence[Period] = ()) -> "Links":
        filters = address.filters()
        return cls(path, f"{filters}&" if filters else "", address.groups, tuple(parts))

    def to(self, measure: Measure, period: Period, more: str = "") -> str:
        """Return the address of the tasks of a period that are counted so."""
        return f"{self.path}?{self.filters}since={period.first}&until={period.last}&measure={measure}{more}"

    def line(self, keys: tuple[Key, ...], measure: Measure, period: Period) -> str:
        """Return the address of the tasks of a line; empty where a value is too long for an address."""
        pairs = [it for it in zip(self.groups, keys, strict=False) if it[0] != TIME]
        places = [int(key) for group, key in zip(self.groups, keys, strict=False) if group == TIME]
        if any(len(str(key)) > LONGEST_TEXT for _, key in pairs):
            return ""
        cells = urlencode([("group", group) for group, _ in pairs] + [("cell", key) for _, key in pairs])
        return self.to(measure, self.parts[places[0]] if places else period, f"&{cells}" if cells else "")
