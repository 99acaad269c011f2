"""Record the demo as docs/demo.svg: `make recording`.

What is shown is the real demo, told line by line what a person would type. Only its clock stands still and its ids
count, so that the same demo gives the same picture.
"""

import re
from contextlib import chdir
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from signoff import Actor, Engine
from signoff.actions import bank_registry
from signoff.audit import Store
from signoff.demo import Demo
from signoff.planner import RulesPlanner
from signoff.policies import load_policy
from signoff.settings import DEFAULT_DATABASE, DEFAULT_POLICIES, Settings
from signoff.testing import CountingIds, FakeClock

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "demo.svg"
REQUEST = "Check my balance, then send $150 to Alice and deposit 40"
SMALLER = "send $120 to Bob"
COLUMNS = 80

# Rich's own frame, but for the fonts that it would fetch from elsewhere.
_FRAME = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


class Recording:
    """A demo in the working folder, with a console that keeps what is shown."""

    def __init__(self) -> None:
        self._rules = Path(DEFAULT_POLICIES)
        self._rules.write_bytes((ROOT / "policies.yaml").read_bytes())
        self._clock, self._ids = FakeClock(), CountingIds()
        self._console = Console(
            record=True,
            file=StringIO(),
            width=COLUMNS,
            force_terminal=True,
            force_interactive=False,
            color_system="truecolor",
            legacy_windows=False,
        )

    def picture(self) -> str:
        """Everything that is shown, as SVG."""
        engine, settings = self._open(), Settings.read({})
        settings = replace(settings, process=replace(settings.process, id="user", os_user=1000))
        demo = Demo(self._console, engine, RulesPlanner(engine.registry), settings)
        self._type(demo, REQUEST)
        self._say("in a second terminal")
        self._sign()
        demo.tell_news()
        self._say("in an editor: amount > 100 becomes amount > 500, and 100.01 in its test 500.01")
        rules = self._rules.read_text().replace("amount > 100\n", "amount > 500\n")
        self._rules.write_text(rules.replace("Alice, amount: 100.01", "Alice, amount: 500.01"))
        demo.tell_news()
        self._type(demo, SMALLER)
        engine.store.close()
        return self._console.export_svg(title="signoff demo", code_format=_FRAME)

    def _open(self) -> Engine:
        registry = bank_registry()
        store = Store.open(Path(DEFAULT_DATABASE), migrations=registry.migrations, clock=self._clock, ids=self._ids)
        return Engine(store, load_policy(self._rules, registry), registry)

    def _type(self, demo: Demo, line: str) -> None:
        self._console.print(Text.assemble((demo.prompt, "bold"), line))
        demo.hear(line)

    def _say(self, text: str) -> None:
        self._console.rule(Text(text, style="dim"), style="dim", align="left")

    def _sign(self) -> None:
        """What `signoff approve` does in a second terminal once the whole word was typed."""
        engine = self._open()
        mira = Actor(id="mira", os_user=1000)
        with engine.store.read() as tx:
            ((approval, _),) = tx.queue()
        self._console.print(Text(f"$ signoff approve {approval.id} --as mira"))
        self._console.print(Text('Type "approve" to sign this as mira, anything else to leave it: approve'))
        engine.approve(approval.id, mira, digest=approval.digest)
        engine.resume(mira, plan=approval.plan)
        engine.store.close()


def record() -> str:
    """The picture of the demo, as SVG."""
    with TemporaryDirectory() as folder, chdir(folder):
        return Recording().picture()


if __name__ == "__main__":
    PICTURE.write_text(record())
