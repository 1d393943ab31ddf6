"""What a Redmine's administrator sets: words, roles, custom fields and the workflow, with every limit they know."""

from tests.permissions.drawing import START, Drawing

PERMISSIONS = (
    "add_issues", "edit_issues", "edit_own_issues", "add_issue_notes", "edit_issue_notes", "edit_own_issue_notes",
    "view_private_notes", "set_notes_private", "set_issues_private", "set_own_issues_private", "delete_issues",
    "manage_subtasks", "manage_issue_relations", "view_issue_watchers", "add_issue_watchers", "delete_issue_watchers",
    "view_time_entries", "log_time", "save_queries", "copy_issues",
)  # fmt: skip
LIMITED = ("view_issues", "add_issues", "edit_issues", "edit_own_issues", "add_issue_notes", "delete_issues")
FOR_MEMBERS = {"view_private_notes", "set_notes_private", "delete_issues"}
CORE_FIELDS = (
    "project_id", "tracker_id", "subject", "priority_id", "is_private", "assigned_to_id", "category_id",
    "fixed_version_id", "parent_issue_id", "start_date", "due_date", "estimated_hours", "done_ratio", "description",
)  # fmt: skip
DISABLEABLE = 9  # Tracker::CORE_FIELDS
FORMATS = ("string", "text", "link", "list", "bool", "int", "float", "date", "user")


def draw_words(d: Drawing) -> None:
    """Settings, statuses, trackers, priorities, activities."""
    settings = {"rest_api_enabled": "1", "text_formatting": "textile", "default_language": "en"}
    for name in ("parent_issue_dates", "parent_issue_priority", "parent_issue_done_ratio"):
        if d.chance(0.6):
            settings[name] = d.one(("derived", "independent"))
    for name in ("issue_group_assignment", "cross_project_issue_relations"):
        if d.chance(0.7):
            settings[name] = d.one(("0", "1"))
    if d.chance(0.25):
        settings["issue_done_ratio"] = "issue_status"
    for name, value in settings.items():
        d.add("settings", name=name, value=value, updated_on=START)
    statuses = d.fresh("issue_statuses", 6)
    for place, (status, position) in enumerate(zip(statuses, d.dice.sample(range(1, 7), 6), strict=True)):
        ratio = d.one((None, 30, 70))
        d.add("issue_statuses", id=status, name=f"Status {status}", is_closed=place < 2, position=position,
              default_done_ratio=ratio)  # fmt: skip
    for position, tracker in enumerate(d.fresh("trackers", 3), 1):
        bits = sum(1 << bit for bit in d.some(range(DISABLEABLE), 0.2)) if d.chance(0.6) else 0
        d.add("trackers", id=tracker, name=f"Tracker {tracker}", position=position, fields_bits=bits,
              default_status_id=d.one(statuses[1:]))  # fmt: skip
    for position in range(1, 6):
        d.add("enumerations", id=position, name=f"Priority {position}", position=position, type="IssuePriority",
              is_default=position == 2, active=position != 4 or d.chance(0.5))  # fmt: skip
    d.add("enumerations", id=8, name="Activity", position=1, type="TimeEntryActivity", is_default=True, active=True)


def draw_roles(d: Drawing) -> None:
    """The two builtin ones and three to five others."""
    _role(d, 1, 1, often=0.4)
    _role(d, 2, 2, often=0.4)
    for id in d.fresh("roles", d.dice.randint(3, 5)):
        _role(d, id, 0, often=d.one((0.25, 0.5, 0.85)))


def _role(d: Drawing, id: int, builtin: int, often: float) -> None:
    given = d.some(PERMISSIONS, often) + (["view_issues"] if d.chance(0.85) else [])
    if builtin:
        given = [name for name in given if name not in FOR_MEMBERS]
    d.dice.shuffle(given)
    d.add(
        "roles", id=id, name=f"Role {id}", position=id, assignable=d.chance(0.7), builtin=builtin,
        permissions=None if not given else "---\n" + "".join(f"- :{name}\n" for name in given),
        issues_visibility=d.one(("all", "default", "own")), time_entries_visibility=d.one(("all", "all", "own")),
        users_visibility="all", settings=_limits(d),
    )  # fmt: skip


def _limits(d: Drawing) -> str | None:
    """Limits to some trackers, as Redmine 5 writes them from its page or its code, or as older Rails did; or none."""
    limited = d.some(LIMITED, 0.5) if d.chance(0.45) else []
    if not limited and d.chance(0.7):
        return None
    tag = d.one((" !ruby/hash:ActiveSupport::HashWithIndifferentAccess", "", ""))
    quote = d.one(("'", ""))
    chosen = {name: d.some(d.ids("trackers"), 0.5) for name in limited}
    whole = [name for name in LIMITED if name not in limited and d.chance(0.7)]
    lines = [f"---{tag}", f"permissions_all_trackers:{tag}" if limited or whole else "permissions_all_trackers: {}"]
    lines += [f"  {name}: '0'" for name in limited] + [f"  {name}: '1'" for name in whole]
    lines += [f"permissions_tracker_ids:{tag}" if limited or whole else "permissions_tracker_ids: {}"]
    for name in [*limited, *whole]:
        ids = chosen.get(name) or (d.some(d.ids("trackers"), 0.2) if name in whole else [])
        lines += [f"  {name}:", *(f"  - {quote}{id}{quote}" for id in ids)] if ids else [f"  {name}: []"]
    return "\n".join(lines) + "\n"


def draw_fields(d: Drawing) -> None:
    """Custom fields for all or some projects, trackers and roles, and one that is not of tasks."""
    for position, id in enumerate(d.fresh("custom_fields", 6), 1):
        kind = d.one(FORMATS)
        visible, everywhere = d.chance(0.55), d.chance(0.5)
        d.add(
            "custom_fields", id=id, type="IssueCustomField", name=f"Field {id}", field_format=kind, position=position,
            possible_values="---\n- red\n- green\n" if kind == "list" else None, is_required=d.chance(0.2),
            is_for_all=everywhere, visible=visible, multiple=kind in ("list", "user") and d.chance(0.4),
            searchable=d.chance(0.5), editable=True, regexp="", default_value="",
        )  # fmt: skip
        if not everywhere:
            for project in d.few(d.ids("projects"), 1, 5):
                d.add("custom_fields_projects", custom_field_id=id, project_id=project)
        if not visible:
            for role in d.few(d.ids("roles"), 1, 2):
                d.add("custom_fields_roles", custom_field_id=id, role_id=role)
        for tracker in d.some(d.ids("trackers"), 0.75):
            d.add("custom_fields_trackers", custom_field_id=id, tracker_id=tracker)
    d.add("custom_fields", id=90, type="TimeEntryCustomField", name="Field 90", field_format="string", position=1,
          is_for_all=True, visible=True, editable=True)  # fmt: skip


def draw_workflow(d: Drawing) -> None:
    """Transitions, some for authors or assignees only; fields read-only or required, for a role or for all roles."""
    statuses = d.ids("issue_statuses")
    fields = [*CORE_FIELDS, *(str(row["id"]) for row in d.tables["custom_fields"])]
    for tracker in d.ids("trackers"):
        for old in [0, *statuses]:
            often = d.one((0.0, 0.15, 0.3, 0.3))
            for role in d.ids("roles"):
                for new in d.some(statuses, often):
                    author, assignee = d.one(((0, 0), (0, 0), (0, 0), (1, 0), (0, 1)))
                    d.add("workflows", type="WorkflowTransition", tracker_id=tracker, role_id=role, old_status_id=old,
                          new_status_id=new, author=author, assignee=assignee)  # fmt: skip
        for status in statuses:
            often, everybody = d.one((0.0, 0.1, 0.4)), d.few(fields, 0, 3) if d.chance(0.6) else []
            for role in d.ids("roles"):
                for field in sorted({*d.some(fields, often), *everybody}):
                    d.add("workflows", type="WorkflowPermission", tracker_id=tracker, role_id=role,
                          old_status_id=status, field_name=field, rule=d.one(("readonly", "required")))  # fmt: skip
