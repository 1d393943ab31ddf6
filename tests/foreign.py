"""A store in which every text that others gave is the one that a test chooses."""

import sqlite3
from contextlib import closing
from pathlib import Path

# By table. What is found by its value, such as a login, or is no text for people stays as it is.
TEXTS: dict[str, tuple[str, ...]] = {
    "person": ("full_name", "department", "position", "office", "phone"),
    "tracker_project": ("name", "description"),
    "tracker_role": ("name",),
    "tracker_status": ("name",),
    "tracker_priority": ("name",),
    "tracker_kind": ("name",),
    "tracker_task": ("subject", "description", "words"),
    "tracker_entry": ("notes",),
    "tracker_attachment": ("filename",),
    "tracker_custom_field": ("name", "hint"),
    "request_category": ("name", "hint"),
    "request_grade": ("word",),
    "reply_template": ("name", "text"),
    "saved_view": ("name",),
    "notification": ("subject", "author", "excerpt"),
}
# Only where there is one at all.
GIVEN: dict[str, tuple[str, ...]] = {
    "notification": ("old", "new"),
    "happening": ("old_status", "new_status", "author"),
}


def give_everything(store: Path, text: str) -> None:
    """Make `text` of every name, subject, comment, value of a custom field and all that is told of them."""
    with closing(sqlite3.connect(store)) as db, db:
        for table, columns in TEXTS.items():
            db.execute(f"UPDATE {table} SET {', '.join(f'{name} = :text' for name in columns)}", {"text": text})
        for table, columns in GIVEN.items():
            for name in columns:
                db.execute(f"UPDATE {table} SET {name} = :text WHERE {name} <> ''", {"text": text})
        named = (
            "('subject', 'attachment') OR field IN (SELECT 'cf_' || id FROM tracker_custom_field WHERE kind = 'text')"
        )
        for name in ("old_value", "new_value"):
            told = f"UPDATE tracker_change SET {name} = :text WHERE {name} IS NOT NULL AND (field IN {named})"
            db.execute(told, {"text": text})
        lists = "SELECT id FROM tracker_custom_field WHERE kind = 'list'"
        texts = "SELECT id FROM tracker_custom_field WHERE kind IN ('text', 'list')"
        db.execute(f"UPDATE tracker_custom_field SET options = :text WHERE id IN ({lists})", {"text": text})
        db.execute(f"UPDATE tracker_custom_value SET value = :text WHERE field_id IN ({texts})", {"text": text})
