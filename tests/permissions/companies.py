"""People, groups, projects and who is a member where, with the inherited rows that Redmine itself would have made.

Sources: Redmine's MemberRole#add_role_to_group_users, #add_role_to_subprojects, Project#archive, #close.
"""

from collections import defaultdict

from tests.permissions.drawing import START, Drawing, Row

ACTIVE, CLOSED, ARCHIVED = 1, 5, 9
PEOPLE, GROUPS = 20, 3
GROUP_ANONYMOUS, GROUP_NON_MEMBER, ANONYMOUS = 2, 3, 4


def draw_people(d: Drawing) -> None:
    """One administrator, one whose account is locked, groups; and the builtin principals."""
    for id, kind, name, status in (
        (GROUP_ANONYMOUS, "GroupAnonymous", "Anonymous users", 1),
        (GROUP_NON_MEMBER, "GroupNonMember", "Non member users", 1),
        (ANONYMOUS, "AnonymousUser", "Anonymous", 0),
    ):
        _principal(d, id, kind, lastname=name, status=status)
    ids = d.fresh("users", PEOPLE + GROUPS)
    people, groups = ids[:PEOPLE], ids[PEOPLE:]
    for place, id in enumerate(people):
        _principal(
            d, id, "User", login=f"person{id}", firstname=f"First{id}", lastname=f"Last{id}",
            admin=place == 0, status=3 if place == 1 else 1, language="en",
        )  # fmt: skip
        d.add("tokens", user_id=id, action="api", value=f"{id:040x}", created_on=START, updated_on=START)
    for group in groups:
        _principal(d, group, "Group", lastname=f"Group {group}")
        for person in d.few(people, 2, 6):
            d.add("groups_users", group_id=group, user_id=person)


def _principal(d: Drawing, id: int, kind: str, **more: object) -> None:
    usual = {
        "login": "", "firstname": "", "lastname": "", "admin": False, "status": 1, "language": "",
        "mail_notification": "none", "hashed_password": "", "created_on": START, "updated_on": START,
    }  # fmt: skip
    d.add("users", id=id, type=kind, **{**usual, **more})


def people(d: Drawing) -> list[int]:
    return [row["id"] for row in d.tables["users"] if row["type"] == "User"]


def groups(d: Drawing) -> list[int]:
    return [row["id"] for row in d.tables["users"] if row["type"] == "Group"]


def draw_projects(d: Drawing) -> None:
    """A forest of some public, closed and archived ones, a few without tasks or without trackers."""
    below: dict[int | None, list[Row]] = defaultdict(list)
    for id in d.fresh("projects", 8):
        parent = d.one(d.tables["projects"]) if d.tables["projects"] and d.chance(0.5) else None
        row = d.add(
            "projects", id=id, name=f"Project {id}", identifier=f"project-{id}", description="",
            is_public=d.chance(0.5), parent_id=parent["id"] if parent else None, status=_status(d, parent),
            inherit_members=parent is not None and d.chance(0.6), created_on=START, updated_on=START,
        )  # fmt: skip
        below[row["parent_id"]].append(row)
        for tracker in d.some(d.ids("trackers"), 0.75):
            d.add("projects_trackers", project_id=id, tracker_id=tracker)
        for module, probability in (("issue_tracking", 0.9), ("time_tracking", 0.7), ("wiki", 0.3)):
            if d.chance(probability):
                d.add("enabled_modules", project_id=id, name=module)
    place = 1
    for root in below[None]:
        place = _number(root, below, place)


def _status(d: Drawing, parent: Row | None) -> int:
    """Redmine archives and closes whole branches."""
    above = parent["status"] if parent else ACTIVE
    own = ARCHIVED if d.chance(0.1) else CLOSED if d.chance(0.15) else ACTIVE
    return max(above, own)


def _number(project: Row, below: dict[int | None, list[Row]], place: int) -> int:
    """Gives a branch its places in the nested set, from `place` on; the next free one."""
    project["lft"] = place
    place += 1
    for child in below[project["id"]]:
        place = _number(child, below, place)
    project["rgt"] = place
    return place + 1


def draw_members(d: Drawing) -> None:
    """People and groups by themselves; what they inherit follows. Builtin groups stand for non-members in some."""
    givable = [row["id"] for row in d.tables["roles"] if row["builtin"] == 0]
    members = _Members(d)
    for project in d.tables["projects"]:
        for principal in [*d.few(people(d), 2, 8), *d.few(groups(d), 0, 2)]:
            for role in d.few(givable, 1, 2):
                members.give(project["id"], principal, role)
        often = 0.4 if project["is_public"] else 0.15
        for builtin in (GROUP_NON_MEMBER, GROUP_ANONYMOUS):
            if d.chance(often):
                members.give(project["id"], builtin, d.one(givable))
        if d.chance(0.2):
            members.have(project["id"], d.one(people(d)))


class _Members:
    def __init__(self, d: Drawing) -> None:
        self.d = d
        self.users_of: dict[int, list[int]] = defaultdict(list)
        for row in d.tables["groups_users"]:
            self.users_of[row["group_id"]].append(row["user_id"])

    def give(self, project: int, principal: int, role: int, inherited_from: int | None = None) -> None:
        member = self.have(project, principal)
        id = self.d.fresh("member_roles", 1)[0]
        self.d.add("member_roles", id=id, member_id=member, role_id=role, inherited_from=inherited_from)
        if inherited_from is None:
            for person in self.users_of[principal]:
                self.give(project, person, role, id)
        for child in self.d.tables["projects"]:
            if child["parent_id"] == project and child["inherit_members"]:
                self.give(child["id"], principal, role, id)

    def have(self, project: int, principal: int) -> int:
        """The membership; a new one gives no role yet. Old databases have such, and who is a member is no guest."""
        for row in self.d.tables["members"]:
            if (row["project_id"], row["user_id"]) == (project, principal):
                return int(row["id"])
        id = self.d.fresh("members", 1)[0]
        self.d.add("members", id=id, user_id=principal, project_id=project, created_on=START)
        return id
