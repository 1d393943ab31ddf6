"""Name the filters of a report with their values, for its form, its pages and its letters."""

from collections.abc import Iterator, Sequence

from helpdesk.errors import Sentence
from helpdesk.reports.address import DEPARTMENT, FIELD, GROUPS, IDS, PHASES, Address
from helpdesk.reports.labels import Labels

FILTERS = {name: GROUPS[name.removesuffix("_id")] for name in IDS}

Named = tuple[Sentence | str, Sequence[Sentence | str]]


def named_filters(address: Address, labels: Labels) -> Iterator[Named]:
    """Yield the filters of an address in words, each with its values."""
    for name, field in IDS.items():
        if ids := getattr(address, field):
            yield FILTERS[name], [labels.of(name.removesuffix("_id"), id) for id in ids]
    if address.departments:
        yield GROUPS[DEPARTMENT], address.departments
    for id, text in address.fields:
        yield labels.group(f"{FIELD}{id}"), [labels.of(f"{FIELD}{id}", text)]
    if address.phase:
        yield FILTERS["status_id"], [PHASES[address.phase]]
