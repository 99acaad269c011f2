"""`signoff demo` at a terminal: what is typed is planned, decided, run, and signed where a rule says so.

Everything is kept in the same database as the other commands use: a second terminal can sign, and however this
process ends, nothing is lost.
"""

from difflib import get_close_matches

from rich.console import Console
from rich.table import Table
from rich.text import Text

from signoff.actions import show_text
from signoff.planner import Planner, Trust
from signoff.policies import DecisionEffect

from . import entry_output, output
from .contexts import Contexts, read_context
from .drawing import format_card, format_rules, format_why
from .engine import Engine
from .errors import SignoffError, UsageError
from .news import RulesFile
from .settings import Settings
from .signing import ask_to_sign
from .stage import Stage
from .terminal import Terminal

EXAMPLES = (
    "Check my balance, then send $150 to Alice and deposit 40",
    "send $20 to Bob, then pay Acme Utilities",
    "send $5 to Mallory Ltd",
)
SHOWN_ENTRIES = 15  # of the log
SHOWN_QUEUE = 50  # approvals that wait
MAX_DIGITS = 4  # of an action's number

LEAVE = ("/quit", "quit", "exit")

COMMANDS = {
    "/as": ("WHO", "speak as WHO from now on: a customer who asks, or somebody who signs"),
    "/queue": ("", "what waits for sign-off"),
    "/show": ("ID", "a plan, or an approval's card"),
    "/approve": ("ID", "sign an approval, after its card was shown"),
    "/reject": ("ID REASON", "reject an approval; what needs it is skipped"),
    "/cancel": ("PLAN", "cancel what a plan has not started"),
    "/resume": ("", "go on with everything that can go on"),
    "/why": ("N [PLAN]", "why action N of the last plan, or of PLAN, is decided as it is"),
    "/context": ("[SOURCE FILE]", "let planners read FILE, which anybody may have written, too; alone: what they read"),
    "/trust": ("SOURCE FILE", "the same with a file that only your own systems could write"),
    "/drop": ("SOURCE", "let planners read it no longer"),
    "/log": ("[PLAN]", f"the newest {SHOWN_ENTRIES} entries of the audit log, or all of PLAN's"),
    "/policies": ("", "the rules in force"),
    "/help": ("", "this"),
    "/quit": ("", "leave; what waits goes on waiting"),
}


class Demo:
    """The demo bank at a terminal, for one person after the other."""

    def __init__(self, console: Console, engine: Engine, planner: Planner, settings: Settings) -> None:
        self._console = console
        self._planner = planner
        self._actor = settings.requester
        self._settings = settings
        self._engine = engine
        self._stage = Stage(console, engine, settings.named)
        self._rules = RulesFile(engine, settings.policies, console)
        self._contexts = Contexts()
        self._trouble = ""  # what kept us from telling news, as it was told

    def talk(self) -> None:
        """Read lines and do what they say, until somebody leaves."""
        terminal = Terminal(self._words)
        self.greet()
        while True:
            try:
                line = terminal.read(lambda: self.prompt, self._has_news, self.tell_news).strip()
                if line in LEAVE:
                    return
                self.hear(line)
            except KeyboardInterrupt:
                self._stage.say("/quit or Ctrl-D leaves")
            except EOFError:
                return

    def hear(self, line: str) -> None:
        """Do what one line says. What goes wrong is told, and changes nothing."""
        try:
            line.encode()
            self.tell_news()
            if line.startswith("/"):
                self._obey(line)
            elif line:
                self._ask(line)
        except UnicodeEncodeError:
            self._stage.tell_error(UsageError("this line is not UTF-8; type it anew"))
        except SignoffError as error:
            self._stage.tell_error(error)
            self._stage.open_plans.look_again()  # a plan may have been accepted that was not shown
        except KeyboardInterrupt:
            self._stage.say("Interrupted. What was accepted is stored; /resume goes on with it.")
            self._stage.open_plans.look_again()

    # -- requests

    def _ask(self, request: str) -> None:
        """Plan *request*, show what is decided about each action, run what is allowed, and show what must be signed."""
        self._console.print(Text(f"Planning: {show_text(self._planner.label)}", style="dim"))
        context = tuple(self._contexts)
        planned = self._planner.plan(request, self._actor, context)
        self._rules.take_up()  # a model takes its time: they may have been edited meanwhile
        if self._rules.unused:
            self._stage.say(f"{self._engine.policy.name} is not used as it is now; the rules from before decide.")
        if planned.plan is None:
            output.print_no_plan(planned.outcome.value, planned.message, planned.planner, self._console)
            return
        judged = self._engine.preview(planned.plan, self._actor, request=request, planner=planned, context=context)
        self._console.print(output.format_judgements(judged))
        output.print_disputed(planned.disputed, self._console)
        allowed = sum(one.decision.effect is DecisionEffect.ALLOW for one in judged)
        with self._stage.running(allowed):
            record = self._engine.submit(planned.plan, self._actor, request=request, planner=planned, context=context)
        self._console.print(Text(f"Plan {record.id}:", style="bold"))
        self._stage.show_outcome(record)
        self._stage.show_cards(record)

    # -- commands

    def _obey(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        rest = rest.strip()
        match name, rest.split(maxsplit=1):
            case "/as", [_, *_]:
                self._speak_as(rest)
            case "/queue", []:
                self._show_queue()
            case "/show", [id_]:
                self._show(id_)
            case "/approve", [id_]:
                self._approve(id_)
            case "/reject", [id_, reason]:
                approval = self._engine.reject(id_, self._actor, reason=reason)
                self._stage.show_outcome(self._engine.plan(approval.plan))
            case "/cancel", [id_]:
                self._stage.show_outcome(self._engine.cancel(id_, self._actor))
            case "/resume", []:
                self._stage.go_on(self._actor)
            case "/why", [number, *plan]:
                self._explain(number, plan[0] if plan else self._stage.last)
            case "/context" | "/trust", [source, file]:
                self._give(f"{source}={file}", Trust.TRUSTED if name == "/trust" else Trust.UNTRUSTED)
            case "/context", []:
                self._list_contexts()
            case "/drop", [source]:
                self._contexts.drop(source)
                self._list_contexts()
            case "/log", plan:
                self._show_log(plan[0] if plan else None)
            case "/policies", []:
                self._console.print(format_rules(self._engine.policy))
            case "/help", []:
                self._help()
            case _:
                self._misunderstand(name)

    def _speak_as(self, who: str) -> None:
        try:
            self._actor = self._settings.actor(who)
        except ValueError as error:
            raise UsageError(f"/as: {error}") from error
        roles = self._engine.policy.roles_of(who)
        self._stage.say(f"You are {self._actor}, {', '.join(sorted(roles)) or 'without a role'} in {self._engine.policy.name}.")

    def _show_queue(self) -> None:
        now = self._engine.store.clock()
        with self._engine.store.read() as tx:
            rows = [(approval, action) for approval, action in tx.queue() if approval.expires > now]
            doubts = tx.in_doubt()
        self._console.print(output.format_queue(rows[:SHOWN_QUEUE], now) if rows else "Nothing waits for sign-off.")
        if len(rows) > SHOWN_QUEUE:
            self._stage.say(f"and {len(rows) - SHOWN_QUEUE} more: `signoff queue` lists all")
        for action in doubts[:SHOWN_QUEUE]:
            self._console.print(output.format_doubt(action))

    def _show(self, id_: str) -> None:
        if id_.startswith("p-"):
            self._stage.show_outcome(self._engine.plan(id_))
        else:
            self._console.print(format_card(self._engine.card(id_)))

    def _approve(self, id_: str) -> None:
        drawn = self._engine.batch([id_])
        digest = ask_to_sign(self._console, drawn, self._actor)
        if digest is None:
            self._stage.say("Not signed; it still waits.")
            return
        self._rules.take_up()  # it may have been edited while the card stood there
        approval = self._engine.approve(id_, self._actor, digest=digest, card=drawn.cards[0].digest)
        self._stage.go_on(self._actor, approval.plan)

    def _give(self, text: str, trust: Trust) -> None:
        self._contexts.add(read_context(text, trust))
        self._list_contexts()

    def _list_contexts(self) -> None:
        for line in self._contexts.lines():
            self._stage.say(line)

    def _explain(self, number: str, plan: str | None) -> None:
        if plan is None:
            raise UsageError("no plan was shown yet; write /why N PLAN")
        if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
            raise UsageError(f'/why: "{number[:20]}" is no action\'s number; write /why 1')
        self._console.print(format_why(*self._engine.explain(plan, int(number)), self._engine.policy))

    def _show_log(self, plan: str | None) -> None:
        with self._engine.store.read() as tx:
            entries = tx.newest_entries(SHOWN_ENTRIES) if plan is None else tx.entries(plan)
        if plan is not None and not entries:
            raise UsageError(f'the log has no "{plan[:64]}"; /log shows the newest entries')
        self._console.print(entry_output.format_entries(entries))

    def _help(self) -> None:
        rows = Table.grid(padding=(0, 2))
        for name, (arguments, summary) in COMMANDS.items():
            rows.add_row(f"{name} {arguments}", summary)
        self._console.print(rows)
        self._stage.say(f'Anything else is a request to the bank, such as "{EXAMPLES[0]}".')

    def _misunderstand(self, name: str) -> None:
        if name in COMMANDS:
            raise UsageError(f"write {name} {COMMANDS[name][0]}".rstrip())
        close = get_close_matches(name, COMMANDS, n=1)
        raise UsageError(f'there is no command "{name[:20]}"; ' + (f"did you mean {close[0]}?" if close else "/help lists them"))

    # -- news

    def _has_news(self) -> bool:
        try:
            return self._rules.is_edited() or self._stage.open_plans.have_news()
        except SignoffError as error:
            return str(error) != self._trouble

    def tell_news(self) -> None:
        """Take up the rules as they are now, and tell what others did. The same trouble is told once."""
        trouble = ""
        try:
            self._rules.take_up()
            for piece in self._stage.open_plans.news(self._actor):
                if isinstance(piece, SignoffError):
                    trouble = self._tell_once(piece)
                else:
                    self._console.print(piece)
        except SignoffError as error:
            trouble = self._tell_once(error)
        self._trouble = trouble

    def _tell_once(self, error: SignoffError) -> str:
        if str(error) != self._trouble:
            self._stage.tell_error(error)
        return str(error)

    # -- telling

    def greet(self) -> None:
        """Say where everything is, go on with what an earlier process left, and tell what waits."""
        files = f"rules: {self._settings.policies} · database: {self._settings.database}"
        self._console.print(Text(show_text(f"Signoff demo · {files}"), style="bold"))
        self._console.print(Text(f"Planner: {show_text(self._planner.label)}"))
        self._stage.say(f"Type a request to the bank, such as: {EXAMPLES[0]}")
        self._stage.say("/help lists the commands, tab completes, /quit or Ctrl-D leaves.")
        try:
            if self._stage.resumable():
                self._stage.say("Going on with what was left:")
                self._stage.go_on(self._actor)
        except SignoffError as error:
            self._stage.tell_error(error)
        self.tell_news()

    @property
    def prompt(self) -> str:
        """What stands before the line that is typed: who speaks, and as what."""
        roles = sorted(self._engine.policy.roles_of(self._actor.id))
        return show_text(self._actor.id) + (f" ({', '.join(roles)})" if roles else "") + "> "

    def _words(self) -> list[str]:
        """What the tab key completes to."""
        try:
            with self._engine.store.read() as tx:
                approvals = [approval.id for approval, _ in tx.queue()]
        except SignoffError:  # told elsewhere
            approvals = []
        people = {person for people in self._engine.policy.roles.values() for person in people}
        words = [*COMMANDS, *EXAMPLES, *(f"/as {person}" for person in sorted(people))]
        return words + [f"{name} {id_}" for name in ("/approve", "/reject", "/show") for id_ in approvals]
