"""What must hold after a crash, told as a list of what does not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signoff.actions import check_ledger
from signoff.actions.ledger import AccountKind, accounts_of_kind, own_accounts
from signoff.audit import ActionRecord, PlanRecord, Status, verify_store
from signoff.canonical import Json

from .world import DANA, World

Told = tuple[str, int | None, str]  # an Entry: its event, the number of its action, its actor

OPENING = {"checking": 100_000, "savings": 500_000, "Alice": 0, "Bob": 0}  # balances of a new bank, in cents
_CHANGES = {  # what each action of the plans does to them once it is done
    ("transfer", "150.00"): {"checking": -15_000, "Alice": 15_000},
    ("transfer", "90.00"): {"checking": -9_000, "Alice": 9_000},
    ("transfer", "20.00"): {"checking": -2_000, "Bob": 2_000},
    ("transfer", "600.00"): {"checking": -60_000, "Alice": 60_000},
    ("deposit", "40.00"): {"checking": 4_000},
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a plan's life ended."""

    plan: PlanRecord
    told: tuple[Told, ...]  # the plan's own Entries
    system: tuple[Told, ...]  # the Entries of no plan
    notices: tuple[str, ...]

    @property
    def statuses(self) -> tuple[str, ...]:
        """Where each action stands."""
        return tuple(action.status.value for action in self.plan.actions)

    def notices_of(self, numbers: Sequence[int]) -> list[str]:
        """What the receiver got from these actions."""
        keys = {self.plan.action(number).key for number in numbers}
        return [line for line in self.notices if line.partition(" ")[0] in keys]


def outcome(world: World) -> Outcome:
    """How the one plan in *world* stands."""
    (id_,) = world.plans()
    return Outcome(
        plan=world.engine.plan(id_), told=told(world, id_), system=told(world, "system"), notices=tuple(world.notices())
    )


def told(world: World, chain: str | None = None) -> tuple[Told, ...]:
    """The log, or one chain of it, in few words."""
    with world.store.read() as tx:
        return tuple((entry.event, entry.action, entry.actor.id) for entry in tx.entries(chain))


def interrupted(world: World) -> list[int]:
    """The numbers of the actions that were started by a process which ended before it recorded what came of them."""
    with world.store.read() as tx:
        return sorted(action.number for action in (*tx.executing(), *tx.in_doubt()))


def untouched_problems(world: World) -> Iterator[str]:
    """What was stored although no plan was accepted."""
    if told(world):
        yield f"nothing was accepted, but the log tells {told(world)}"
    if world.notices():
        yield f"nothing was accepted, but the receiver got {world.notices()}"
    yield from standing_problems(world)


def standing_problems(world: World) -> Iterator[str]:
    """What is wrong in the store and the ledger as they stand, whatever has happened."""
    plans = [world.engine.plan(id_) for id_ in world.plans()]
    done = [action for plan in plans for action in plan.actions if action.status is Status.DONE]
    with world.store.read() as tx:
        yield from verify_store(tx).problems
        with tx.lent() as lent:
            yield from check_ledger(lent)
            accounts = own_accounts(lent, DANA.id) + accounts_of_kind(lent, AccountKind.PAYEE)
            keys = [key for (key,) in lent.execute("SELECT key FROM bank_transaction WHERE action <> 'opening'")]
    expected = Counter(OPENING)
    for action in done:
        expected.update(_change(action))
    balances = {account.name: account.balance for account in accounts if account.name in OPENING}
    if balances != expected:
        yield f"balances are {balances}, not {dict(expected)}"
    if Counter(keys) != Counter(action.key for action in done if action.effect == "local"):
        yield f"the ledger's transactions are of {keys}, which are not the actions that are done"
    yield from _notice_problems(plans, world.notices())
    yield from _receipt_problems(plans, world.receipts())


def life_problems(world: World, whole: Outcome, interrupted: list[int]) -> Iterator[str]:
    """Where the life of the one plan differs from *whole*, an undisturbed one.

    Of the actions that were *interrupted* the OPAQUE ones must be in doubt, and what needs them is held back; no other may.
    """
    now = outcome(world)
    doubted = [number for number in interrupted if whole.plan.action(number).effect == "opaque"]
    held = _held(whole.plan, doubted)
    for action, other in zip(now.plan.actions, whole.plan.actions, strict=True):
        yield from _action_problems(action, other, doubted, held)
    wanted_told = tuple(_retold(whole.told, doubted, held))
    if now.told != wanted_told:
        yield f"the log tells {now.told}, not {wanted_told}"
    if now.system != whole.system:
        yield f"the system's log tells {now.system}, not {whole.system}"
    yield from standing_problems(world)


def _notice_problems(plans: list[PlanRecord], notices: list[str]) -> Iterator[str]:
    counted = Counter(notices)
    for action in (action for plan in plans for action in plan.actions if action.type == "notify"):
        begun, ended = counted.pop(f"{action.key} begins", 0), counted.pop(f"{action.key} ends", 0)
        match action.status:
            case Status.DONE:
                right = (begun, ended) == (1, 1)
            case Status.IN_DOUBT | Status.EXECUTING:
                right = begun <= 1 and ended <= begun
            case _:
                right = (begun, ended) == (0, 0)
        if not right:
            yield f"action {action.number} is {action.status}, and its effect began {begun} and ended {ended} times"
    if counted:
        yield f"the receiver got {dict(counted)}, which no action sent"


def _receipt_problems(plans: list[PlanRecord], receipts: dict[str, int]) -> Iterator[str]:
    counted = Counter(receipts)
    for action in (action for plan in plans for action in plan.actions if action.type in ("pay", "book", "shout")):
        happened = counted.pop(action.key, 0)
        unsure = action.status in (Status.IN_DOUBT, Status.EXECUTING)
        if happened > 1 or (not unsure and happened != (action.status is Status.DONE)):
            yield f"action {action.number} ({action.effect}) is {action.status}, and its effect happened {happened} times"
    if counted:
        yield f"the other receiver got {dict(counted)}, which no action sent"


def _held(plan: PlanRecord, doubted: list[int]) -> frozenset[int]:
    """The numbers of the actions that need one which is in doubt."""
    held: set[int] = set()
    for action in plan.actions:
        if {*action.needs} & {*doubted, *held}:
            held.add(action.number)
    return frozenset(held)


def _action_problems(action: ActionRecord, whole: ActionRecord, doubted: list[int], held: frozenset[int]) -> Iterator[str]:
    if action.number in doubted:
        wanted: tuple[Status, int, Json] = (Status.IN_DOUBT, 1, None)
    elif action.number in held:
        wanted = (Status.READY, 0, None)
    else:  # numbers and balances in a result depend on what else was held back
        wanted = (whole.status, whole.attempt, action.result if held else whole.result)
    if (action.status, action.attempt, action.result) != wanted:
        yield f"action {action.number} is {(action.status, action.attempt, action.result)}, not {wanted}"


def _retold(entries: tuple[Told, ...], doubted: list[int], held: frozenset[int]) -> Iterator[Told]:
    for event, number, actor in entries:
        if number in doubted and event == "done":
            yield "in_doubt", number, "signoff"
        elif number not in held or event not in ("executing", "done"):
            yield event, number, actor


def _change(action: ActionRecord) -> dict[str, int]:
    for (type_, amount), change in _CHANGES.items():
        if action.type == type_ and f'"amount":"{amount}"'.encode() in action.body:
            return change
    return {}
