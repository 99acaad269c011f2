"""How things are shown: `format_*` give a renderable, `*_json` the form of `--json`. Nothing here decides anything.

Every text that came from a model or a user goes through `show_text`, and none is read as markup.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from signoff.actions import show_field, show_text
from signoff.audit import ActionRecord, Approval, Delegation, PlanRecord, Status, Verification
from signoff.policies import PERSON, name_seat

from .canonical import Json
from .errors import PolicyInvalid, SignoffError

if TYPE_CHECKING:  # both need pydantic, and `signoff queue` must not wait for it
    from .deciding import Judgement
    from .pinning import PinChange
    from .sources import Grounds

SHOWN_DIGEST = 16  # hexadecimal digits

_STYLES = {
    "allow": "green",
    "done": "green",
    "approve": "yellow",
    "waiting": "yellow",
    "approved": "cyan",
    "ready": "cyan",
    "executing": "cyan",
    "in_doubt": "bold magenta",
}
_BAD = "red"


def print_text(text: str) -> None:
    """Write *text* to standard output as one line, whatever it holds."""
    print(show_text(text))


def print_note(text: str) -> None:
    """Write *text* to standard error, beside what is asked for."""
    print("signoff: note: " + show_text(text), file=sys.stderr)


def format_judgements(judged: "Sequence[Judgement]") -> Table:
    """A plan before it is submitted: each action with its decision and the rules behind it."""
    table = make_table("#", "action", "after", "decision", "rules")
    for one in judged:
        effect = one.decision.effect.value
        rules = ", ".join(one.decision.rules) or "default"
        action = _action(one.action.title(), one.action.wire(), one.grounds.marks)
        table.add_row(str(one.number), action, _numbers(one.needs), format_state(effect), rules)
    return table


def format_plan(plan: PlanRecord, grounds: "Mapping[int, Grounds] | None" = None) -> Table:
    """An accepted plan: each action with where it stands and what came of it.

    *grounds* tell by number where the values of its actions stand: what the user did not write is marked.
    """
    has_words = plan.request is not None or plan.context
    table = make_table("#", "action", "after", "status", "rules", "result")
    for action in plan.actions:
        known = grounds.get(action.number) if grounds and has_words else None
        table.add_row(
            str(action.number),
            _revised(action, known.marks if known else {}),
            _numbers(action.needs),
            format_state(action.status),
            plain(", ".join(action.rules) or "default"),
            plain(outcome_of(action.error, action.result)),
        )
    return table


def format_outcomes(actions: Iterable[ActionRecord]) -> Table:
    """Actions as they stand, in a line each: the short form of `format_plan`."""
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for action in actions:
        outcome = outcome_of(action.error, action.result)
        rows.add_row(f"  {action.number}", format_state(action.status), plain(action.title + (f": {outcome}" if outcome else "")))
    return rows


def format_queue(rows: Sequence[tuple[Approval, ActionRecord]], now: datetime) -> Table:
    """What waits for sign-off."""
    table = make_table("approval", "action", "plan", "asked by", "needs", "expires in")
    for approval, action in rows:
        table.add_row(
            plain(approval.id),
            _revised(action),
            plain(f"{approval.plan} #{approval.number}"),
            plain(approval.requester),
            _asked(approval, now),
            _left(approval, now),
        )
    return table


def format_delegations(found: Iterable[tuple[Delegation, str | None]]) -> Table:
    """Who handed their seats to whom, and whether that holds."""
    table = make_table("from", "to", "since (UTC)", "until (UTC)", "holds", "why")
    for one, void in found:
        holds = Text("yes", style="green") if void is None else Text(show_text(f"no: {void}"), style=_BAD)
        times = [f"{at:%Y-%m-%d %H:%M}" for at in (one.since, one.until)]
        table.add_row(plain(one.by.id), plain(one.to), *times, holds, plain(one.reason or ""))
    return table


def group_digest(digest: str, digits: int = SHOWN_DIGEST) -> str:
    """The first *digits* of *digest*, in groups of four."""
    shown = digest[:digits]
    return " ".join(shown[at : at + 4] for at in range(0, len(shown), 4)) + " …"


def console(*, stderr: bool = False) -> Console:
    """A console that reads no markup and no emoji codes in what it prints."""
    return _Console(stderr=stderr, markup=False, emoji=False, highlight=False)


class _Console(Console):
    """A console that leaves it to the command line what a closed reader means."""

    def on_broken_pipe(self) -> None:
        """Raises the BrokenPipeError that is being handled."""
        raise  # Rich calls this while it handles the error


def make_table(*columns: str) -> Table:
    """A table without lines, whose cells are wrapped and never cut."""
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def plain(text: str) -> Text:
    """*text* from outside, on one line: a line break in it could forge a line of ours."""
    return Text(show_text(text))


def plain_lines(lines: Iterable[str]) -> Text:
    return Text("\n").join(map(plain, lines))


def format_state(state: str) -> Text:
    return Text(show_text(state), style=_STYLES.get(state, _BAD if state in _ALARMING else ""))


_ALARMING = frozenset({"deny", "denied", "failed", "rejected", "expired", "cancelled", "skipped", "refused"})


def _action(title: str, wire: Mapping[str, Json], marks: Mapping[str, str]) -> Text:
    """An action's title, and its fields; those that are marked say so in another colour, and without colour in brackets."""
    fields = [(name, show_field(value)) for name, value in wire.items() if name != "type" and value is not None]
    told, plainly = Text(show_text(title) + ("\n" if fields else "")), ""
    for at, (name, value) in enumerate(fields):
        plainly += ", " if at else ""
        if name in marks:
            told.append(plainly, style="dim").append(show_text(f"{name} {value} ({marks[name]})"), style="yellow")
            plainly = ""
        else:
            plainly += show_text(f"{name} {value}")
    return told.append(plainly, style="dim")


def _revised(action: ActionRecord, marks: Mapping[str, str] | None = None) -> Text:
    revision = f" (revision {action.revision})" if action.revision > 1 else ""
    return _action(action.title + revision, orjson.loads(action.body), marks or {})


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def outcome_of(error: object, result: object) -> str:
    if error is not None:
        return str(error)
    if isinstance(result, Mapping):
        return ", ".join(f"{name} {value}" for name, value in result.items())
    return "" if result is None else str(result)


def format_seats(seats: Mapping[str, Json]) -> str:
    return ", ".join(name_seat(role) if role.startswith(PERSON) else f"{count} {role}" for role, count in sorted(seats.items()))


def _asked(approval: Approval, now: datetime) -> Text:
    """Who must sign, and who may by now, as the seats stayed empty for long."""
    others = {who for seat, times in approval.stand_ins.items() for who in times if approval.open_at(seat, who) <= now}
    return plain(format_seats(approval.seats) + "".join(f" or {name_seat(who)}" for who in sorted(others)))


def _left(approval: Approval, now: datetime) -> Text:
    """How long people may still sign; marked where they are to be reminded of it."""
    left = format_span(approval.expires - now)
    if approval.remind is None or approval.remind > now:
        return Text(left)
    return Text(f"{left}, reminded" if approval.reminded else f"{left}, due", style="bold yellow")


def format_span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def print_plan(
    plan: PlanRecord, approvals: Sequence[Approval], needs: Sequence[str], grounds: "Mapping[int, Grounds] | None" = None
) -> None:
    """Print *plan*, where its values come from as far as *grounds* tell, and how to sign what waits in it."""
    out = console()
    out.print(plain(f"Plan {plan.id}, asked by {plan.requester}, planned by: {plan.planner}"))
    out.print(format_plan(plan, grounds))
    print_disputed(plan.disputed, out)
    for approval, need in zip(approvals, needs, strict=True):
        out.print(
            plain(f"{approval.id} (action {approval.number}) needs {need}: signoff approve {approval.id} --as WHO"),
            style="yellow",
        )
    for action in plan.actions:
        if action.status is Status.IN_DOUBT:
            out.print(plain(f"action {action.number} is in doubt; find out: {how_to_resolve(action)}"), style="bold magenta")
        elif action.status is Status.EXECUTING and action.error is not None:
            out.print(plain(f"action {action.number} is tried again later: signoff resume {plan.id}"), style="yellow")


def print_disputed(disputed: Sequence[str], out: Console | None = None) -> None:
    """Print where a second opinion was another plan; nothing where it was none."""
    if disputed:
        (out or console()).print(format_disputed(disputed, "Disputed: "))


def format_disputed(disputed: Sequence[str], head: str = "") -> Group:
    """Where a second opinion was another plan, each difference on lines of its own."""
    differences = (Padding(Text(show_text(one), style="red"), (0, 0, 0, 2), expand=False) for one in disputed)
    return Group(Text(head + "a second opinion differs", style="red"), *differences)


def print_pin_change(change: "PinChange", command: str) -> None:
    """Print how far a change of pinned policies is; *command* is what somebody else agrees with."""
    out = console()
    done = {
        "pin": f"The policies are pinned (digest {group_digest(change.digest)}): only `signoff policies load` changes them now.",
        "load": f"{change.name} is in force and pinned (digest {group_digest(change.digest)}).",
        "unpin": "The policies are not pinned any more: a changed file is taken up at once.",
    }
    what = f"To {change.verb} {change.name if change.verb == 'load' else 'the policies'} (digest {group_digest(change.digest)})"
    agreed = f"{', '.join(change.agreed)} agreed"
    if change.made:
        out.print(plain(f"{done[change.verb]} {agreed}."))
    else:
        out.print(plain(f"{what} needs {change.needs}; {agreed}. Until {change.expires:%Y-%m-%d %H:%M} UTC: {command}"))
    for looser in change.change.looser:
        out.print(plain(f"looser: {looser}"))


def print_no_plan(outcome: str, message: str, planner: str, out: Console | None = None) -> None:
    """Print why there is no plan."""
    (out or console()).print(plain_lines([f"No plan: {outcome}. {message}", f"({planner})"]))


def print_verification(found: Verification, out: Console | None = None) -> None:
    """Print what `audit verify` found, and what it cannot know."""
    out = out or console()
    for problem in found.problems:
        out.print(plain(problem), style="red")
    verdict = "does not verify" if found.problems else "verifies"
    counted = ((found.entries, "entry", "entries"), (found.plans, "plan", "plans"), (len(found.problems), "problem", "problems"))
    out.print(f"The log {verdict}: " + ", ".join(f"{n:,} {one if n == 1 else many}" for n, one, many in counted) + ".")
    for spot in found.blind_spots:
        out.print(f"It cannot know: {spot}.", style="dim")


def print_error(error: SignoffError) -> None:
    """Print *error* to standard error, a line for each problem; a report on a policies file as it is."""
    if isinstance(error, PolicyInvalid):
        print(error, file=sys.stderr)
        return
    for problem in problems_of_error(error):
        print("signoff: " + show_text(problem), file=sys.stderr)


def problems_of_error(error: SignoffError) -> Sequence[str]:
    """What *error* tells, a text for each problem."""
    problems: Sequence[str] = getattr(error, "problems", ())
    return problems or [str(error)]


def name_action(action: ActionRecord) -> str:
    """An action as commands name it: `p-12ab/2`."""
    return f"{action.plan}/{action.number}"


def format_doubt(action: ActionRecord) -> Text:
    """An action of which nobody knows whether it happened, and how that ends."""
    return Text(f"{name_action(action)} is in doubt: ", style="bold magenta").append(
        plain(f"{action.title}; {action.error}; find out whether it happened: {how_to_resolve(action)}")
    )


def how_to_resolve(action: ActionRecord) -> str:
    """The command that settles an action in doubt."""
    return f"signoff resolve {name_action(action)} --as WHO --done|--not-done --reason TEXT"
