"""The tracker that needs no other system: projects, roles, a workflow, private comments, all in our own store.

A role's permissions: `view_all` (else only what one asked for or is assigned; it also shows who watches and the time
spent), `edit` (priority, assignee, details and custom fields), `comment` (and attach files), `create`,
`edit_own_comments`, `edit_comments`, `view_private` (others' private comments and tasks), `comment_privately`,
`set_private` (make tasks private), `set_own_private` (those one asked for), `assignable`, `delete`. Statuses follow the
workflow alone. Whoever sees a task may watch it. Administrators may do everything.
"""
