"""The rights that a room or an address may need, each with the people who hold it."""

from collections.abc import Callable
from typing import Literal

from helpdesk.errors import sentence
from helpdesk.people.model import Person

ADMINISTRATORS_ONLY = sentence("Only administrators change what everybody uses.")

Right = Literal["admin", "quality", "contact_center"]

HOLDERS: dict[Right, Callable[[Person], bool]] = {
    "admin": lambda person: person.is_admin,
    "quality": lambda person: person.can_access_quality_control,
    "contact_center": lambda person: person.can_access_contact_center_moscow,
}


def holds(person: Person, right: Right | None) -> bool:
    """Tell whether the person holds the right; everybody holds None."""
    return right is None or HOLDERS[right](person)
