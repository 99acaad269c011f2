"""Policy: a compiled policies file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from signoff.actions import Action
from signoff.canonical import Json

from .combining import Combining
from .compiler import Test, answer_of, compile_rule, compile_type, why_failed
from .content import Document
from .counters import Counter
from .dates import time_zone
from .decision import CAUTION, PERSON, Context, Decision, DecisionEffect, Explanation, Seat
from .diagnostics import Diagnostic
from .routes import members
from .rule import Rule
from .tables import Table
from .unmet import Unmet, why_unmet
from .values import counter_text, reason_of, values_read
from .world import World

Decide: TypeAlias = Callable[[Action, Context], Decision]

_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, eq=False)
class Policy:
    """A compiled policies file. It is pure: the same action in the same context gets the same Decision."""

    name: str  # of the file, as places show it: `policies.yaml`
    source: bytes  # the file as it was read, with the files that it names where it does; `parse_policy` reads it again
    digest: str  # SHA-256 of the source
    document: Document  # what it says
    warnings: tuple[Diagnostic, ...]
    files: tuple[str, ...] = ()  # that it names, relative to its own folder
    _combining: Combining = field(init=False, repr=False)
    _decide: Mapping[type[Action], Decide] = field(init=False, repr=False)
    _world: World = field(init=False, repr=False)  # what conditions read beside action and context
    _rules: Mapping[str, Rule] = field(init=False, repr=False)
    _counters_read: Mapping[str, tuple[str, ...]] = field(init=False, repr=False)  # by action type
    _signing: frozenset[str] = field(init=False, repr=False)
    _tests: dict[tuple[type[Action], str], Test] = field(init=False, repr=False, default_factory=dict)  # filled when asked

    def __post_init__(self) -> None:
        document = self.document
        world = World(
            currency=document.currency,
            lists=document.lists,
            roles=_roles_by_person(document.roles),
            tables=document.tables,
            zone=time_zone(document.zone),
            counters=document.counters,
        )
        object.__setattr__(self, "_world", world)
        object.__setattr__(self, "_combining", Combining(document=document, policy=self.digest))
        object.__setattr__(self, "_counters_read", _counters_read(document))
        object.__setattr__(self, "_signing", _signing(document))
        object.__setattr__(self, "_rules", {rule.id: rule for rule in document.rules})
        object.__setattr__(self, "_decide", {action: self._compile(type_, action) for type_, action in document.types.items()})

    @property
    def world(self) -> World:
        """What its conditions read beside action and context."""
        return self._world

    @property
    def identity(self) -> str | None:
        """Whose votes count: `claimed`, though nothing checks who votes; `os`, of the system's users; None: not claimed ones."""
        return self.document.identity

    @property
    def currency(self) -> str | None:
        """The currency of plain numbers in rules."""
        return self.document.currency

    @property
    def zone(self) -> str | None:
        """The time zone of days and hours in rules; None is UTC."""
        return self.document.zone

    @property
    def default(self) -> DecisionEffect:
        """What an action gets that no allow rule speaks for: deny or approve."""
        return DecisionEffect.DENY if self.document.default is None else DecisionEffect.APPROVE

    @property
    def approvers(self) -> str | None:
        """The role that signs where a rule, or an action's caution, names nobody."""
        return self.document.approvers

    @property
    def changes(self) -> tuple[Seat, ...]:
        """Who agrees to a change of pinned policies: those named so, or else one of the approvers."""
        return self.document.changes or ((Seat(self.approvers, 1),) if self.approvers is not None else ())

    @property
    def delegation(self) -> int | None:
        """For how many seconds somebody may hand their seats to another at most; None: nobody may."""
        return self.document.delegation

    @property
    def signing(self) -> frozenset[str]:
        """Everybody whom the file names as one who signs: who has a role, and whom a rule asks by their id."""
        return self._signing

    @property
    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """The people of each role."""
        return MappingProxyType(dict(self.document.roles))

    @property
    def lists(self) -> Mapping[str, tuple[str, ...]]:
        """The texts of each list."""
        return MappingProxyType(dict(self.document.lists))

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables."""
        return MappingProxyType(dict(self.document.tables))

    @property
    def counters(self) -> Mapping[str, Counter]:
        """The counters by name."""
        return MappingProxyType(dict(self.document.counters))

    def counters_read(self, type_: str) -> tuple[str, ...]:
        """The names of the counters that the rules for actions of one type read."""
        return self._counters_read.get(type_, ())

    def counters_told(self, action: Action, context: Context) -> dict[str, str]:
        """The value of each counter that the rules for *action* read, as text for people."""
        return {name: counter_text(name, action, context, self.document) for name in self.counters_read(action.type)}

    def roles_of(self, actor_id: str) -> frozenset[str]:
        """The roles that a person has."""
        return self._world.roles.get(actor_id, _NOBODY)

    def seats_of(self, actor_id: str) -> frozenset[str]:
        """The names of the seats that a person fills: of their roles, and their own."""
        return self.roles_of(actor_id) | {PERSON + actor_id}

    def people(self, role: str) -> tuple[str, ...]:
        """The people who fill a role's seats, in the file's order; of `person:mira` it is mira."""
        return members(role, self.document.roles)

    def decide(self, action: Action, context: Context) -> Decision:
        """What may happen to *action*. It never raises: what cannot be decided is denied, with the reason."""
        decide = self._decide.get(type(action))
        if decide is None:
            return self._combining.deny(f"the policies were not loaded for the action type {type(action).__name__}")
        try:
            return decide(action, context)
        except Exception as error:  # an action that was made without validation
            return self._combining.deny(f"the action could not be read ({type(error).__name__})")

    def combine(self, action: Action, matched: Sequence[Rule], failed: Sequence[Rule]) -> Decision:
        """What is decided about *action* where of all rules those *matched*, and the conditions of those *failed*.

        What failed on the strict side stands among both. The rules, in the file's order, need not be those of the file.
        """
        denying = tuple(rule for rule in matched if rule.effect is DecisionEffect.DENY)
        if denying:
            return self._combining.finish(denying, tuple(rule for rule in failed if rule.effect is DecisionEffect.DENY))
        caution = None if type(action).caution is Action.caution else _caution_of(action)
        return self._combining.finish(tuple(matched), tuple(failed), caution)

    def decide_without(self, id_: str, action: Action, context: Context) -> Decision:
        """What would be decided if the file had not the rule *id_*: slowly, one rule after the other."""
        others = [rule for rule in self.document.rules if action.type in rule.types and rule.id != id_]
        answers = [(rule, answer_of(self._test(type(action), rule), action, context)) for rule in others]
        matched = [rule for rule, answer in answers if rule.counts(answer)]
        failed = [rule for rule, answer in answers if answer is None]
        return self.combine(action, matched, failed)

    def explain(self, action: Action, context: Context) -> tuple[Explanation, ...]:
        """Why *action* is decided as it is: every rule behind the decision, and every rule whose condition failed."""
        decision = self.decide(action, context)
        asked = dict.fromkeys((*decision.rules, *decision.failed))
        return tuple(
            self._explain_caution(action) if id_ == CAUTION else self._explain_rule(self._rules[id_], action, context)
            for id_ in asked
        )

    def matches(self, rule: str, action: Action, context: Context) -> bool | None:
        """Whether the conditions of one rule, which speaks for *action*, are met; None where they fail."""
        return answer_of(self._test(type(action), self._rules[rule]), action, context)

    def unmet(self, action: Action, context: Context) -> tuple[Unmet, ...]:
        """Every rule that speaks for *action* and does not match it, with the first part of its conditions that was false."""
        speaking = (rule for rule in self.document.rules if action.type in rule.types)
        found = (why_unmet(rule, self.name, action, context, self.document, self._world) for rule in speaking)
        return tuple(one for one in found if one is not None)

    def reasons(self, decision: Decision, action: Action, context: Context) -> tuple[str, ...]:
        """What a decision about *action* gives as its reasons, with the values that they name."""
        behind = [rule for id_ in decision.rules if (rule := self._rules.get(id_)) and rule.because]
        told = tuple(reason_of(rule, action, context, self.document, self._world) for rule in behind)
        return told + decision.because[len(told) :]

    def outline(self) -> dict[str, Json]:
        """What the file says, as canonical JSON can hold it: for the log, and to be compared with another's."""
        document = self.document
        return {
            "default": {"approve": document.default.role} if document.default else "deny",
            "approvers": document.approvers,
            "identity": document.identity,
            "currency": document.currency,
            "zone": document.zone,
            "within": document.within,
            "remind": document.remind,
            "delegation": document.delegation,
            "changes": [{"role": seat.role, "count": seat.count} for seat in self.changes],
            "roles": {role: list(people) for role, people in document.roles.items()},
            "lists": {name: list(texts) for name, texts in document.lists.items()},
            "tables": {name: table.outline() for name, table in document.tables.items()},
            "counters": {name: counter.content() for name, counter in document.counters.items()},
            "rules": {rule.id: rule.content() | {"reads": rule.reads} for rule in document.rules},
            "invariants": [invariant.text for invariant in document.invariants],
        }

    def _compile(self, type_: str, action: type[Action]) -> Decide:
        rules = [rule for rule in self.document.rules if type_ in rule.types]
        if action.caution is Action.caution:
            return compile_type(action, type_, rules, self._world, self._combining.finish)
        outcome = compile_type(action, type_, rules, self._world, self._finish_later)
        return lambda action, context: outcome(action, context)(_caution_of(action))

    def _finish_later(self, matched: tuple[Rule, ...], failed: tuple[Rule, ...]) -> Callable[[str | None], Decision]:
        return partial(self._combining.finish, matched, failed)

    def _explain_caution(self, action: Action) -> Explanation:
        return Explanation(
            rule=CAUTION,
            effect=DecisionEffect.APPROVE,
            place="",
            because=_caution_of(action) or "",
            condition="",
            values=(),
            failed="",
        )

    def _test(self, action: type[Action], rule: Rule) -> Test:
        """The function that says whether one rule's conditions are met."""
        test = self._tests.get((action, rule.id))
        if test is None:
            type_ = next(type_ for type_, known in self.document.types.items() if known is action)
            test = self._tests[action, rule.id] = compile_rule(action, type_, rule, self._world)
        return test

    def _explain_rule(self, rule: Rule, action: Action, context: Context) -> Explanation:
        failed = ""
        try:
            self._test(type(action), rule)(action, context)
        except Exception as error:  # whatever made the rule count on the strict side
            failed = why_failed(error)
        return Explanation(
            rule=rule.id,
            effect=rule.effect,
            place=f"{self.name}:{rule.line}",
            because=reason_of(rule, action, context, self.document, self._world),
            condition=rule.condition,
            values=values_read(rule, action, context, self.document, self._world),
            failed=failed,
        )


def _roles_by_person(roles: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for role, people in roles.items():
        for person in people:
            found.setdefault(person, set()).add(role)
    return {person: frozenset(held) for person, held in found.items()}


def _signing(document: Document) -> frozenset[str]:
    asked = {seat.role for rule in document.rules for seat in rule.seats}
    asked |= {one.who for rule in document.rules for one in rule.stand_ins} | {seat.role for seat in document.changes}
    people = {who.removeprefix(PERSON) for who in asked if who.startswith(PERSON)}
    return frozenset(people.union(*document.roles.values()))


def _counters_read(document: Document) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for type_ in document.types if document.counters else ():
        read = {name for rule in document.rules if type_ in rule.types for name in rule.counters}
        found[type_] = tuple(name for name in document.counters if name in read)
    return found


def _caution_of(action: Action) -> str | None:
    try:
        return action.caution()
    except Exception as error:  # an action's own code: what it cannot say counts as asking
        return f"the action's own check failed ({type(error).__name__})"
