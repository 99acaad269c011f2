"""Talking to `signoff demo` on a terminal, while other processes sign."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.canonical import Json
from tests.app.sessions import Session

if TYPE_CHECKING:  # where the fixtures are that need this module
    from tests.app.conftest import CommandLine, Ran

SHIPPED = Path(__file__).parents[2] / "policies.yaml"
RULES_ALONE = SHIPPED.read_text().partition("\ntests:")[0] + "\n"  # that ship, for tests that edit them: without their own tests
REQUEST = "Check my balance, then send $150 to Alice and deposit 40"


class Talk:
    """A demo that runs, on a bank of its own under the rules that ship."""

    def __init__(self, cli: "CommandLine", session: Session) -> None:
        self.cli = cli
        self.session = session
        self.say = session.say

    def answer(self, line: str, prompt: str = "dana>") -> str:
        """Type *line*, and give all that is shown until the next line can be typed."""
        self.session.type(line + "\r")
        return self.session.wait_for_end(prompt, times=2)

    def ask(self, request: str = REQUEST) -> str:
        """Ask for what must be signed, and give the id of its approval."""
        found = re.search(r"APPROVAL (\w+)", self.say(request, until="in a second terminal:"))
        assert found
        return found[1]

    def edit(self, old: str, new: str) -> None:
        """Edit the policies file."""
        text = self.cli.policies.read_text()
        assert old in text
        self.cli.policies.write_text(text.replace(old, new))


@contextmanager
def talking(cli: "CommandLine", *arguments: str, columns: int = 80, **environment: str) -> Iterator[Talk]:
    """Start a demo, and wait until it can be talked to."""
    with cli.session("demo", *arguments, columns=columns, **environment) as session:
        session.wait_for("/quit or Ctrl-D leaves.")
        session.wait_for("dana>")
        yield Talk(cli, session)


def sign(cli: "CommandLine", approval: str, *options: str) -> "Ran":
    """Sign *approval* from a second process."""
    digest = cli("show", approval, "--json").json["digest"]
    return cli.process("approve", approval, "--as", "mira", "--digest", digest[:8], *options)


def statuses(cli: "CommandLine") -> list[Json]:
    """Where the actions of all plans stand, by number."""
    plans = dict.fromkeys(entry["chain"] for entry in cli("audit", "log", "--json").json if entry["chain"] != "system")
    return [action["status"] for plan in plans for action in cli("show", plan, "--json").json["actions"]]
