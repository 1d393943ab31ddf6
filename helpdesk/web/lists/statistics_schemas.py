"""Statistics as JSON."""

from helpdesk.tasks.lists import TaskQuery, Vocabulary
from helpdesk.tasks.phases import Summary
from helpdesk.tasks.statistics import AGES, Branch, Parts, Statistics, branches
from helpdesk.web.core.faces import Json
from helpdesk.web.tasks.schemas import named


def totals(summary: Summary) -> Json:
    """Return the number of tasks in each phase."""
    return {
        "total": summary.total,
        "open": summary.open,
        "new": summary.new,
        "in_progress": summary.active,
        "on_hold": summary.waiting,
        "closed": summary.done,
    }


def statistics(found: Statistics, words: Vocabulary, query: TaskQuery) -> Json:
    """Return the statistics; numbers that the backend does not know are null."""
    parts = ("overdue", "by_status", "by_priority", "by_project", "by_age")
    return totals(found.summary) | (_parts(found.parts, words, query) if found.parts else dict.fromkeys(parts))


def _parts(parts: Parts, words: Vocabulary, query: TaskQuery) -> Json:
    """All but `by_status` count open tasks alone. A project's `open` are with those of the projects below it."""
    own = {project.id: tasks for project, tasks in parts.projects}
    return {
        "overdue": parts.overdue,
        "by_status": [
            {**named(status), "is_closed": status.is_closed, "total": tasks} for status, tasks in parts.statuses
        ],
        "by_priority": [{**named(priority), "open": tasks} for priority, tasks in parts.priorities],
        "by_project": [_branch(it) for it in branches(own, words.projects, query.project_ids)],
        "by_age": [
            {"from_days": first, "to_days": last, "open": tasks}
            for first, last, tasks in zip((0, *(days + 1 for days in AGES)), (*AGES, None), parts.ages, strict=True)
        ],
    }


def _branch(it: Branch) -> Json:
    project = it.project
    return {"id": project.id, "name": project.name, "parent_id": project.parent_id, "own": it.own, "open": it.whole}
