"""The Tracker port over Redmine's REST API, acting as the person."""

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.model import TextFormat
from helpdesk.tasks.redmine.cards import Boards
from helpdesk.tasks.redmine.creates import Creates
from helpdesk.tasks.redmine.files import Files
from helpdesk.tasks.redmine.writes import Writes
from helpdesk.tasks.tracker import Capabilities, State


class RestTracker(Writes, Creates, Files, Boards):
    """An Actor's id and login are Redmine's. `text_format` is Redmine's own setting, which REST does not tell."""

    def __init__(self, client: RedmineClient, text_format: TextFormat) -> None:
        super().__init__(client)
        self.text_format = text_format

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(self.text_format, searches="subject", exact_assignees=False)

    @property
    def state(self) -> State:
        return State()
