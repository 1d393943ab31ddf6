"""The comparison notices errors: each of those in `mutations.py`, made by itself, is found in a few fixed worlds."""

import pytest

from tests.permissions.mutations import MUTATIONS, Mutation, made
from tests.permissions.oracle import Laboratory
from tests.permissions.sides import compared

WORLDS = (1, 2, 3)  # those of the test beside this, of which Redmine's answers are there already

pytestmark = [pytest.mark.xdist_group("permissions 0"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.says)
async def test_an_error_in_the_rules_is_noticed(lab: Laboratory, mutation: Mutation) -> None:
    with made(mutation):
        for seed in WORLDS:
            if (await compared(lab, seed, first_only=True)).differences:
                return
    pytest.fail(f"nobody noticed that {mutation.says}")
