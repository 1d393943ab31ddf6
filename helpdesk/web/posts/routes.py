"""List the addresses of announcements, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.core.guards import signed_in
from helpdesk.web.posts import files, history, readers, reading, removing, writing
from helpdesk.web.posts.access import writer

ONE = "/posts/{post_id:int}"
FORM, POST = ["GET", "POST"], ["POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/posts",             signed_in(reading.index),      name="posts:index"),
    Route("/posts",             writer(writing.add),           name="posts:add", methods=POST),
    Route("/posts/new",         writer(writing.new),           name="posts:new", methods=FORM),
    Route("/posts/preview",     writer(writing.preview),       name="posts:preview", methods=POST),
    Route(ONE,                  signed_in(reading.show),       name="posts:show"),
    Route(ONE + "/understood",  signed_in(reading.understood), name="posts:understood", methods=POST),
    Route(ONE + "/image",       signed_in(files.image),        name="posts:image"),
    Route(ONE + "/files/{file_id:int}", signed_in(files.file), name="posts:file"),
    Route(ONE + "/edit",        writer(writing.edit),          name="posts:edit", methods=FORM),
    Route(ONE + "/history",     writer(history.index),         name="posts:history"),
    Route(ONE + "/readers",     writer(readers.index),         name="posts:readers"),
    Route(ONE + "/delete",      writer(removing.delete),       name="posts:delete", methods=FORM),
]
# fmt: on
