"""Verification: does the log hold together, and is every stored state the one that the log tells?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from signoff.canonical import Json, canonical, digest
from signoff.errors import LogInvalid
from signoff.folding import fold_name

from .counting import counted_rows
from .delegations import delegation_problems
from .heads import head_leaf, root_over
from .log import START, entry_problems
from .pins import pin_problems
from .reading import Reading
from .records import SYSTEM, Entry, PlanRecord, write_time
from .rows import entry_of
from .sqlite import Row
from .told import State, Told, read_stored
from .tree import Frontier

BLIND_SPOTS = (
    "whoever can read the key file can rewrite the log and its seal: only a checkpoint that is kept elsewhere tells of that",
    "entries younger than the newest checkpoint elsewhere can go together with the head that is kept beside the key",
    "the tables of the actions themselves, such as the demo bank's ledger, are no part of the log",
)


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What `audit verify` found."""

    entries: int
    plans: int
    problems: tuple[str, ...]
    blind_spots: tuple[str, ...] = BLIND_SPOTS


def verify_store(reading: Reading) -> Verification:
    """Check the whole log, and every stored plan, action, approval, vote and policy against it."""
    reading.remembered.forget()  # what stands in the file now is what counts
    rows = reading.entry_rows()
    chains: dict[str, list[Row]] = {SYSTEM: []}
    for row in rows:
        chains.setdefault(row[1], []).append(row)
    plans = reading.plans()
    problems = [
        *_head_problems(reading, rows),
        *_gaps(rows),
        *reading.schema_problems(),
        *reading.damages(),
        *_strays(set(plans), chains.keys() | reading.ends().keys()),
    ]
    problems += [f"{plan} counts in a counter but is not stored" for plan in sorted(reading.plans_counted() - set(plans))]
    problems += [f"{plan} has secrets but is not stored" for plan in sorted(reading.plans_with_secrets() - set(plans))]
    problems += [f"{plan} has messages but is no conversation" for plan in reading.stray_conversations()]
    for chain in sorted(chains.keys() | set(plans)):
        problems += _chain_problems(reading, chain, chains.get(chain, []))
    return Verification(entries=len(rows), plans=len(plans), problems=tuple(problems))


def verify_plan(reading: Reading, plan: str) -> None:
    """Check one plan's chain, and its stored state against it. Raises LogInvalid where they do not agree."""
    reading.forget(plan)  # what stands in the file now is what counts
    reading.vouched_end(plan)
    _raise_first(plan, [*reading.schema_problems(), *_chain_problems(reading, plan, reading.entry_rows(plan))])
    if reading.plan(plan) is not None:
        reading.remembered.verified.add(plan)


def verify_policies(reading: Reading) -> None:
    """Check which policies were and are in force against the log. Raises LogInvalid where they do not agree."""
    reading.vouched_end(SYSTEM)
    _raise_first("the policies", [*reading.schema_problems(), *_chain_problems(reading, SYSTEM, reading.entry_rows(SYSTEM))])


def verify_complete(reading: Reading) -> None:
    """Check that no Entry and no plan is missing from the log, or only in it. Raises LogInvalid where one is."""
    _raise_first("the log", [*reading.missing()])


def _raise_first(what: str, problems: list[str]) -> None:
    if problems:
        raise LogInvalid(f"{what}: the file was altered, so nothing of it is run: {problems[0]}; see `signoff audit verify`")


def _head_problems(reading: Reading, rows: list[Row]) -> Iterator[str]:
    """Whether the log's head is sealed, goes on from what was kept, and is the head of these *rows* and their chains."""
    try:
        head = reading.log_head()
    except LogInvalid as error:
        yield str(error)
        return
    if Frontier().extend(leaf for *_, leaf in rows) != head.frontier:
        yield f"the entries are not the {head.size} for which the log's head stands"
    ends = reading.ends()
    try:
        root = root_over([head_leaf(chain, end.length, end.hash) for chain, end in ends.items()])
    except ValueError:  # no chain is as long as that
        root = None
    if [end.leaf for end in ends.values()] != list(range(head.chains)) or root != head.heads:
        yield "the chains do not end where the log's head says"
        return
    for chain in ends:
        try:
            reading.vouched_end(chain)
        except LogInvalid as error:
            yield str(error)


def _gaps(rows: list[Row]) -> Iterator[str]:
    expected = 1
    for number, *_ in rows:
        if number != expected:
            yield f"entry {expected} is missing: entry {number} follows"
        expected = number + 1


def _strays(plans: set[str], chains: set[str]) -> Iterator[str]:
    for chain in sorted(chains - plans - {SYSTEM}):
        yield f"{chain} is in the log but is not stored"
    for plan in sorted(plans - chains):
        yield f"{plan} is stored but has no entries"


def _chain_problems(reading: Reading, chain: str, rows: list[Row]) -> Iterator[str]:
    """What is wrong with the *rows* of one chain, with its recorded end, and with the state that it vouches for."""
    entries: list[Entry] = []
    head = START
    for row in rows:
        try:
            yield from entry_problems(row, head)
            entries.append(entry_of(row))
        except (LogInvalid, ValueError, KeyError, TypeError):
            yield f"entry {row[0]} cannot be read: it was altered"
        head = row[4]
    recorded = reading.head(chain)
    if recorded != ((len(rows), head) if rows else None):
        length = recorded[0] if recorded else 0
        yield f"{chain} has {len(rows)} entries, and {length} were recorded: its end was cut off or changed"
    try:
        yield from _policy_problems(reading, entries) if chain == SYSTEM else _state_problems(reading, chain, entries)
    except (KeyError, ValueError, TypeError, AttributeError, LogInvalid) as error:
        yield f"{chain} cannot be checked: {error}"


def _state_problems(reading: Reading, plan: str, entries: list[Entry]) -> Iterator[str]:
    record = reading.plan(plan)
    if record is None:
        return
    told = Told()
    for entry in entries:
        told.read(entry)
    stored = read_stored(reading, record)
    for name, told_state, stored_state in (
        ("plan", {plan: told.plan}, {plan: stored.plan}),
        ("action", told.actions, stored.actions),
        ("approval", told.approvals, stored.approvals),
        ("vote", told.votes, stored.votes),
        ("edit", told.edits, stored.edits),
        ("conversation", told.conversation, stored.conversation),
        ("message", told.messages, stored.messages),
    ):
        yield from _differences(plan, name, told_state, stored_state)
    yield from _owner_problems(reading, record)
    yield from _term_problems(record, told.terms)
    yield from _count_problems(reading, record, entries)
    yield from reading.secret_problems(record)


def _owner_problems(reading: Reading, plan: PlanRecord) -> Iterator[str]:
    """Where an action is stored as that of somebody who did not ask for it."""
    people = {"", fold_name(plan.requester.id)}  # rows from before they were noted name nobody
    for number, person in enumerate(reading.people(plan.id), 1):
        if person not in people:
            yield f"{plan.id}: action {number} was edited: it is stored as somebody else's"


def _term_problems(plan: PlanRecord, terms: Mapping[str, str]) -> Iterator[str]:
    """Where a lease ends before its first end by *terms*, which are by action: heartbeats only move it on."""
    for action in plan.actions:
        if action.lease is not None and write_time(action.lease.until) < terms.get(str(action.number), ""):
            yield f"{plan.id}: action {action.number} was edited: its lease ends before the time that the log tells"


def _count_problems(reading: Reading, plan: PlanRecord, entries: list[Entry]) -> Iterator[str]:
    """Where what is stored of what a plan's actions count for is not what its actions and its log say."""
    counters = reading.counters()
    right = set(counted_rows(counters.values(), plan, entries) if counters and entries else ())
    stored = reading.counted(plan.id)
    for number in sorted({row.number for row in right ^ set(stored)}):
        names = [name for name, one in counters.items() if one.digest in {row.counter for row in right ^ set(stored)}]
        yield f"{plan.id}: what action {number} counts for in {', '.join(names) or 'no counter'} is not what its log tells"


def _differences(plan: str, what: str, told: Mapping[str, State], stored: Mapping[str, State]) -> Iterator[str]:
    for key in sorted(told.keys() - stored.keys()):
        yield f"{plan}: {what} {key} is in the log but is not stored"
    for key in sorted(stored.keys() - told.keys()):
        yield f"{plan}: {what} {key} is stored but is not in the log"
    for key in sorted(told.keys() & stored.keys()):
        names = [name for name, value in stored[key].items() if not _is_same(value, told[key].get(name))]
        if names:
            yield f"{plan}: {what} {key} was edited: the log tells another {', '.join(names)}"


def _is_same(stored: Json, told: Json) -> bool:
    """Whether two values are the same as JSON: a number is no truth value, a tuple is a list."""
    if type(stored) is type(told) and isinstance(stored, str | int | None):
        return stored == told
    return canonical(stored) == canonical(told)


def _policy_problems(reading: Reading, entries: list[Entry]) -> Iterator[str]:
    told = [entry.data for entry in entries if entry.event == "policy"]
    newest = {str(one["digest"]): (one["name"], one["outline"]) for one in told}
    stored = reading.policies()
    for recorded, name, source, outline, _ in stored:
        if digest(source) != recorded:
            yield f"the stored policy {recorded[:8]} was edited: its bytes do not have that digest"
        if recorded in newest and newest[recorded] != (name, digest(outline.encode())):
            yield f"the stored policy {recorded[:8]} was edited: the log tells another name or outline"
    yield from pin_problems(entries)
    yield from delegation_problems(entries)
    if {recorded for recorded, *_ in stored} != newest.keys():
        yield "the stored policies are not the ones that the log tells"
    active = [(recorded, mark) for recorded, *_, mark in stored if mark is not None]
    if active != [(str(one["digest"]), 1) for one in told[-1:]]:
        yield "the policy marked as in force is not the one that the log tells"
    elif told and reading.active_policy() != told[-1]["digest"]:
        yield "the index of the policies leads to another one in force than the log tells"
