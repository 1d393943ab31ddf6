"""Reads over Redmine's REST API, as one person. `task`, `attachment`, `projects_for_new` and `new_task_form` are
read within the call of a verb, which bounds them by its deadline; the others bound themselves."""

from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.cards import BoardCards
from helpdesk.tasks.redmine.rest.issue import Issues
from helpdesk.tasks.redmine.rest.issue_create import NewTaskForms
from helpdesk.tasks.redmine.rest.lists import IssueLists


class RestReader:
    def __init__(self, calls: RestCalls) -> None:
        self.lists = lists = IssueLists(calls)
        self.issues = Issues(calls, lists)
        forms = NewTaskForms(calls)
        self.vocabulary, self.members, self.seen = lists.vocabulary, lists.members, lists.seen
        self.tasks, self.export, self.statistics = lists.tasks, lists.export, lists.statistics
        self.cards = BoardCards(calls, lists).cards
        self.task, self.attachment = self.issues.task, self.issues.attachment
        self.projects_for_new, self.new_task_form = forms.projects, forms.form
