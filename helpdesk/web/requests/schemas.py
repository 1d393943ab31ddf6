"""Requests as the JSON that programs know."""

from collections.abc import Iterable

from helpdesk.languages import say
from helpdesk.requests.model import Activity, Category, Grade, Request, RequestPage
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.colors import Colors
from helpdesk.tasks.model import Entry, TaskRow
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.tasks import schemas


def page(page: RequestPage, activity: Iterable[Activity] | None) -> Json:
    """Return a page of the list; `activity` is null when it could not be read in time."""
    query = page.query
    return {
        "requests": [{**row(each), "phase": page.phases.get(each.status.id)} for each in page.rows],
        "pagination": {"page": query.page, "per_page": query.per_page, "total": page.total, "pages": page.pages},
        "summary": page.summary._asdict(),
        "filters": {"phase": query.phase, "search": query.search or None},
        "activity": None if activity is None else [_activity(each) for each in activity],
    }


def row(row: TaskRow) -> Json:
    return {
        "id": row.id,
        "subject": row.subject,
        "status": row.status.name,
        "status_id": row.status.id,
        "created_on": moment(row.created_on),
        "updated_on": moment(row.updated_on),
    }


def one(asked: Request, colors: Colors, language: str) -> Json:
    status = asked.row.status
    return {
        "id": asked.id,
        "subject": asked.row.subject,
        "description": asked.description,
        "status": {**schemas.named(status), "color": colors.of(status)},
        "phase": asked.phase,
        "created_on": moment(asked.row.created_on),
        "updated_on": moment(asked.updated_on),
        "history": [_entry(each, language) for each in asked.entries],
        "attachments": [schemas.attachment(each) for each in asked.files],
        "may_answer": asked.may_answer,
        "reopens": schemas.named(asked.reopens) if asked.reopens else None,
        "solves": schemas.named(asked.solves) if asked.solves else None,
        "grade": _grade(asked.grade),
    }


def categories(categories: Iterable[Category]) -> Json:
    return {"categories": [{"id": each.id, "name": each.name, "hint": each.hint} for each in categories]}


def _entry(entry: Entry, language: str) -> Json:
    author = {"id": entry.author.id, "name": entry.author.name} if entry.author else None
    return {
        "id": entry.id,
        "author": author,
        "notes": entry.notes,
        "created_on": moment(entry.created_on),
        "changes": [say(language, in_words(change)) for change in entry.changes],
    }


def _activity(it: Activity) -> Json:
    return {
        "id": it.task_id,
        "subject": it.subject,
        "at": moment(it.at),
        "author": it.author.name if it.author else None,
        "comment": it.comment or None,
        "status": it.status or None,
    }


def _grade(grade: Grade | None) -> Json | None:
    return {"grade": grade.grade, "word": grade.word, "given_at": moment(grade.given_at)} if grade else None
