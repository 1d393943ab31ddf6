"""Find the files that a SQLite store names: those of tasks and of posts."""

import sqlite3

NAMED = {
    "tracker_attachment": "SELECT blob, size FROM tracker_attachment",
    "post_file": "SELECT blob, size FROM post_file WHERE post_id IS NOT NULL OR (token_hash IS NOT NULL AND size > 0)",
    "post": "SELECT picture, picture_size FROM post WHERE picture IS NOT NULL",
}
"""The files that the rows of each table name, with their sizes."""


def named(store: sqlite3.Connection) -> dict[str, int]:
    """Return the files with their sizes in bytes. A store of an earlier version lacks some tables."""
    there = {name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {name: size for table in NAMED.keys() & there for name, size in store.execute(NAMED[table])}
