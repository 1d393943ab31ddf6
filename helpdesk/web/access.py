"""List once more who may use each address, so that a wrong guard among the routes is noticed.

The application does not start when a route is missing here, or has another guard.
"""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from helpdesk.people.rights import ADMIN, QUALITY, REPORTS, WRITER
from helpdesk.web.calls.access import AGENT, SUPERVISOR
from helpdesk.web.netmonitor.access import MONITOR

NAMES: dict[str, str] = {
    "unguarded": "healthz readyz static manifest service_worker netmonitor:public posts:atom",
    "public": """
        preferences
        people:login people:logout people:register people:password_link
        notifications:unsubscribe
        old:/login old:/logout old:/register old:/account old:/download_erp
        old:/my-tasks old:/my-tasks/{task_id:int} old:/tasks/my-tasks/{task_id:int}
        old:/my-issues old:/my-issues/new old:/my-issues/{task_id:int}
        old:/blog old:/post/new old:/post/{post_id:int} old:/post/{post_id:int}/update
        old:/network-monitor
    """,
    ADMIN: """
        admin:hand_over admin:export admin:anonymize
        admin:index
        admin:systems admin:system_test admin:health admin:redmine_test admin:metrics
        admin:people admin:new_person admin:person
        admin:right admin:active admin:email admin:phone admin:department admin:confirm_email admin:login
        admin:sessions admin:tokens admin:second_factor admin:password_link
        admin:join admin:unjoin admin:bind admin:unbind
        mail:index mail:letter
        admin:delivery admin:channel admin:flagged
        admin:audit admin:audit_export
        admin:categories admin:category admin:category_move admin:category_delete
        tracker:index tracker:project tracker:archive tracker:member
        tracker:roles tracker:role tracker:role_remove tracker:workflow
        tracker:statuses tracker:status tracker:status_remove
        tracker:priorities tracker:priority tracker:priority_remove
        tracker:types tracker:type tracker:type_remove
        tracker:fields tracker:field tracker:field_remove
        tracker:setup tracker:setup_project tracker:setup_workflow tracker:setup_people tracker:setup_account
        tracker:setup_category tracker:setup_finish
        tasks:columns
        promises:index promises:edit promises:remove
        promises:calendars promises:calendar promises:calendar_remove
        api:erp_user
        admin:texts
        quality:choices quality:comparison quality:forms quality:form
        netmonitor:hosts netmonitor:new netmonitor:edit netmonitor:remove netmonitor:maintenance netmonitor:end
    """,
    AGENT: """
        finesse:session finesse:dialogs finesse:dialog finesse:state finesse:reasons finesse:team
        calls:sign_in calls:sign_out calls:bar calls:watch calls:state calls:act calls:dial calls:targets
        calls:favourites calls:favourite_add calls:favourite calls:pop
    """,
    f"{AGENT} {SUPERVISOR}": """
        finesse:status finesse:health finesse:calls
        calls:index calls:moscow calls:export calls:show calls:note calls:task calls:called_back
        calls:caller
    """,
    SUPERVISOR: "calls:team",
    f"{WRITER} {ADMIN}": """
        posts:new_page knowledge:move knowledge:review
        posts:add posts:new posts:preview posts:edit posts:history posts:readers posts:delete
    """,
    f"{QUALITY} {ADMIN}": """
        quality:index quality:tasks quality:new quality:watch quality:export_xlsx quality:export_csv
        quality:assessments quality:withdraw quality:sample quality:give_back
        quality:assessments_xlsx quality:assessments_csv assessments:main assessments:quality
    """,
    f"{REPORTS} {ADMIN}": """
        reports:index reports:tasks reports:times reports:promises reports:promise_tasks reports:stale reports:workload
        reports:export_xlsx reports:export_csv reports:saved reports:saved_one reports:saved_remove
    """,
    MONITOR: """
        netmonitor:index netmonitor:watch netmonitor:show netmonitor:check netmonitor:note
        netmonitor:status netmonitor:history netmonitor:summary
        api:netmonitor_status api:ping api:ping_history
    """,
    "setting_up": "people:second_factor people:second_factor_confirm",
    "signed_in": """
        home
        search:index search:keys
        people:menu people:hints people:mentions
        people:index people:colleague people:profile people:account people:avatar
        people:reread people:vpn_date people:download_erp
        people:sessions people:password people:tokens people:token_revoke
        people:second_factor_codes people:second_factor_off
        tasks:my_tasks tasks:index tasks:export tasks:statistics tasks:layout tasks:bulk
        tasks:new tasks:new_form tasks:new_preview
        people:absence people:absence_end people:hand_over people:export
        tasks:board tasks:more tasks:cards tasks:card tasks:row tasks:fold
        tasks:show tasks:back tasks:changed tasks:next_task tasks:previous_task tasks:entry tasks:text
        tasks:file tasks:thumbnail tasks:view
        tasks:status tasks:priority tasks:assignee tasks:fields tasks:comments tasks:attachments
        tasks:edit tasks:preview tasks:watch tasks:delete
        requests:index requests:new requests:similar requests:show requests:solved requests:changed
        requests:text requests:file requests:thumbnail requests:view
        drafts:save drafts:discard
        replies:insert replies:index replies:edit replies:remove
        views:index views:show views:remove
        notifications:index notifications:show notifications:widget notifications:stream
        notifications:read notifications:read_all notifications:undo
        notifications:delivery notifications:devices notifications:device_test notifications:device_remove
        notifications:email_test
        notifications:preferences notifications:mute_task notifications:mute_project
        api:config api:task api:statuses api:priorities api:assignees api:history api:download
        api:status api:old_status api:priority api:assignee api:comments api:comment api:entry api:watch
        api:new api:bulk api:of_person api:projects api:members api:words_statuses
        api:notifications api:stream api:read api:read_all
        tasks:mail api:send_email
        push:key push:subscription push:token
        knowledge:index knowledge:titles knowledge:vote
        quality:assessment quality:mine
        posts:index posts:show posts:understood posts:image posts:file posts:read posts:feed posts:feed_revoke
    """,
}
"""The names of routes by their guard: one of `web/core/guards.py`, or a right that is needed."""

ACCESS = {name: guard for guard, names in NAMES.items() for name in names.split()}


def differences(routes: Sequence[BaseRoute]) -> list[str]:
    """Return the names of routes whose guard is not the one above, and the names above that no route has."""
    guards = {getattr(it, "name", repr(it)): getattr(getattr(it, "endpoint", None), "guard", "") for it in routes}
    return [name for name in guards.keys() | ACCESS.keys() if guards.get(name) != ACCESS.get(name)]
