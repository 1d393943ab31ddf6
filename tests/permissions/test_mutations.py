"""The comparison notices errors: each of those in `mutations.py`, made by itself, is found in a few fixed worlds."""

import pytest

from tests.permissions.mutations import MUTATIONS, Mutation, made
from tests.permissions.oracle import Laboratory
from tests.permissions.sides import compared

# By seed, with so many of their people: that of the test beside this, of which Redmine's answers are there already, and
# one for the error that nobody notices there.
WORLDS = {1: None, 2: 2}

pytestmark = [pytest.mark.xdist_group("permissions 0"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.says)
async def test_an_error_in_the_rules_is_noticed(lab: Laboratory, mutation: Mutation) -> None:
    with made(mutation):
        for seed, people in WORLDS.items():
            if (await compared(lab, seed, first_only=True, people=people)).differences:
                return
    pytest.fail(f"nobody noticed that {mutation.says}")
