"""Keep who sees a task, as the backend said."""

from collections.abc import Mapping

from cachetools import TTLCache

FRESH_SECONDS = 60
MOST_KNOWN = 20_000  # answers, some 200 bytes each

Key = tuple[int, int, str]
"""A person, a task and its version: a write may change who sees it."""
Answer = bool | None
"""None for somebody who does not see the task, else whether others' internal comments are seen, too."""


class ReaderCache:
    """Answers until FRESH_SECONDS are over. Another process keeps its own."""

    def __init__(self) -> None:
        self._answers: TTLCache[Key, tuple[Answer]] = TTLCache(MOST_KNOWN, FRESH_SECONDS)

    def known(self, numbers: list[int], task_id: int, version: str) -> dict[int, Answer]:
        """Return what is known of these people by their numbers."""
        found = {number: self._answers.get((number, task_id, version)) for number in numbers}
        return {number: answer[0] for number, answer in found.items() if answer}

    def keep(self, answers: Mapping[int, Answer], task_id: int, version: str) -> None:
        self._answers.update({(number, task_id, version): (answer,) for number, answer in answers.items()})
