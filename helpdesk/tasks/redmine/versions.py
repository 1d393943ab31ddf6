"""The version of a Redmine task: when it last changed, the highest journal one may see, and its lock where it is known.

`2026-11-20T09:30:00Z.12` when REST told it, which keeps `lock_version` to itself; `2026-11-20T09:30:00Z.12.5` by SQL.
"""

import re

VERSION = re.compile(r"(?P<seen>.+Z\.\d+)(\.(?P<lock>\d{1,10}))?", re.ASCII)


def same(one: str, other: str) -> bool:
    """Whether two versions are of one state: a page may be read in one way, and sent while the other way serves."""
    left, right = VERSION.fullmatch(one), VERSION.fullmatch(other)
    if one == other or left is None or right is None:
        return one == other
    return left["seen"] == right["seen"] and None in (left["lock"], right["lock"])


def lock(*versions: str | None) -> int | None:
    """The lock in the first version that has one."""
    found = (VERSION.fullmatch(version) for version in versions if version)
    return next((int(match["lock"]) for match in found if match and match["lock"]), None)
