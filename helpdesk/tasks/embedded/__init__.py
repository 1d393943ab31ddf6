"""The tracker that needs no other system: projects, roles, a workflow, private comments, all in our own store.

A role's permissions: `view_all` (else only what one asked for or is assigned), `edit` (priority and assignee),
`comment` (and attach files), `create`, `view_private`, `comment_privately`, `assignable`. Statuses follow the workflow
alone.
"""
