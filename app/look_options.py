"""Which options the commands have that look at what stands."""

from . import commands, show_command
from .options import Verbs, add_command, no_actor


def add_commands(verbs: Verbs) -> None:
    """Add `queue` and `show` to the command line."""
    queue = add_command(verbs, "queue", commands.queue, "list what waits for sign-off")
    no_actor(queue)
    show = add_command(verbs, "show", show_command.show, "show all that is known of a plan, of an action, or of an approval")
    what = "a plan, an action in it, or an approval: p-12ab, p-12ab/2, a12c; or several approvals, as they are signed together"
    show.add_argument("ids", metavar="ID", nargs="+", help=what)
    no_actor(show)
