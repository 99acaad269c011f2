"""Hypothesis strategies for policies files that load without an error, for the actions of any registry.

A file is generated as its parts (PolicyFile, PolicyRule), so that a test can take rules away, add its own, or turn
them around, and load what it made.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from hypothesis import strategies as st

from signoff.actions import Registry, fold_name, show_text
from signoff.policies import PERSON, DecisionEffect, Policy, Seat, fill_seats, parse_policy

from .condition_strategies import Vocabulary, conditions, pick
from .strategies import CURRENCIES, WORDS, Fields, check_fields

Roles: TypeAlias = Mapping[str, tuple[str, ...]]  # or lists: by name, who or what is in it
Tables: TypeAlias = Mapping[str, Mapping[str, int]]  # by name, a number for each key

PEOPLE = ("ann", "ben", "cleo", "dora")
ROLES = ("manager", "finance", "legal")
WITHIN = (None, "30m", "1h", "24h", "2d")
AFTER = ("5m", "20m")
NAME = "policies.yaml"  # what places in a generated file show


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """One rule of a policies file."""

    id: str
    effect: DecisionEffect
    actions: tuple[str, ...]  # action types; ("*",) for all
    when: str | None = None
    unless: str | None = None
    by: tuple[tuple[str, int], ...] | None = None  # roles, and how many of each must sign; `person:ann` is one person
    within: str | None = None
    own_vote: bool = False  # whether the requester's own vote counts
    then: tuple[str, str] | None = None  # after how long who may sign as well: a role, or one person
    because: str | None = None

    def text(self) -> str:
        """The rule as the file has it."""
        lines = [f"  - id: {self.id}", f"    {self.effect}: {_text(self.actions)}"]
        lines += [f"    {key}: |\n      {condition}" for key, condition in self._conditions() if condition is not None]
        if self.by is not None:
            lines += [f"    by: [{', '.join(_signers(role, count) for role, count in self.by)}]"]
        lines += ["    self: allowed"] if self.own_vote else []
        if self.then is not None:
            lines += [f"    then: {{after: {self.then[0]}, ask: {_signers(self.then[1])}}}"]
        lines += [f"    {key}: {_text(text)}" for key, text in self._texts() if text is not None]
        return "\n".join(lines) + "\n"

    def _conditions(self) -> tuple[tuple[str, str | None], ...]:
        return ("when", self.when), ("unless", self.unless)

    def _texts(self) -> tuple[tuple[str, str | None], ...]:
        return ("within", self.within), ("because", self.because)


@dataclass(frozen=True, kw_only=True)
class PolicyFile:
    """A policies file as its parts."""

    currency: str = "USD"
    default: str | None = None  # the role that signs what no allow rule speaks for; None denies it
    approvers: str | None = None
    claimed: bool = True  # whether claimed identities may vote
    within: str | None = None  # to sign, where a rule does not say
    roles: Roles
    lists: Roles
    tables: Tables = field(default_factory=dict)
    rules: tuple[PolicyRule, ...]

    @property
    def source(self) -> bytes:
        """The file's bytes."""
        default = "deny" if self.default is None else f"{{approve: {_text(self.default)}}}"
        lines = ["version: 1", f"currency: {self.currency}", f"default: {default}"]
        lines += [f"approvers: {_text(self.approvers)}"] if self.approvers is not None else []
        lines += ["identity: claimed"] if self.claimed else []
        lines += [f"within: {self.within}"] if self.within is not None else []
        lines += [f"{key}: {_text(groups)}" for key, groups in (("roles", self.roles), ("lists", self.lists))]
        lines += [f"tables: {json.dumps(self.tables, ensure_ascii=False)}"] if self.tables else []
        lines += ["rules:" if self.rules else "rules: []"]
        return ("\n".join(lines) + "\n" + "".join(rule.text() for rule in self.rules)).encode()

    def load(self, registry: Registry) -> Policy:
        """The compiled policy. Raises PoliciesInvalid where a part that was put in by hand is wrong."""
        return parse_policy(self.source, NAME, registry)


def policies(
    registry: Registry, *, fields: Fields | None = None, people: Sequence[str] = PEOPLE, max_rules: int = 5
) -> st.SearchStrategy[Policy]:
    """Compiled policies for *registry*. Constants in their conditions are values that `actions` gives, with the same *fields*.

    *people* are the ids that hold roles, and that conditions ask for.
    """
    return policy_files(registry, fields=fields, people=people, max_rules=max_rules).map(lambda file: file.load(registry))


def policy_files(
    registry: Registry, *, fields: Fields | None = None, people: Sequence[str] = PEOPLE, max_rules: int = 5
) -> st.SearchStrategy[PolicyFile]:
    """The same as parts: what is left of one when rules are taken away, or change places, loads as well."""
    check_fields(registry, fields)
    vocabulary = Vocabulary.of(registry, fields or {})
    return _file(vocabulary, _lists(vocabulary), tuple(people), max_rules)


@st.composite
def _file(
    draw: st.DrawFn, vocabulary: Vocabulary, listed: st.SearchStrategy[Roles], people: tuple[str, ...], max_rules: int
) -> PolicyFile:
    roles, lists = draw(_roles(people)), draw(listed)
    keys = [text for text in lists["first"] if text != "csv"]  # which says that a table is in a file
    tables = {"caps": dict.fromkeys(keys, pick(draw, (0, 5, 100)))} if bool(keys) and pick(draw, (True, False)) else {}
    approvers = pick(draw, (None, *roles))
    words = vocabulary.with_context(people=people, roles=tuple(roles), lists=tuple(lists), tables=tuple(tables))
    return PolicyFile(
        currency=pick(draw, CURRENCIES),
        default=pick(draw, (None, *roles)),
        approvers=approvers,
        claimed=pick(draw, (True, True, False)),
        within=pick(draw, WITHIN),
        roles=roles,
        lists=lists,
        tables=tables,
        rules=tuple(
            _rule(draw, f"r{number}", words, roles, named=approvers is None)
            for number in range(1, pick(draw, range(max_rules + 1)) + 1)
        ),
    )


def _rule(draw: st.DrawFn, id_: str, vocabulary: Vocabulary, roles: Roles, *, named: bool) -> PolicyRule:
    """A rule; *named* where an approve rule must say who signs."""
    effect = pick(draw, (DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY))
    actions = ("*",) if pick(draw, (True, False)) else _some(draw, vocabulary.types)
    words = conditions(vocabulary.speaking_of(actions))
    asks = effect is DecisionEffect.APPROVE
    by = _seats(draw, roles) if asks and (named or pick(draw, (True, False))) else None
    return PolicyRule(
        id=id_,
        effect=effect,
        actions=actions,
        when=draw(words) if pick(draw, (True, False)) else None,
        unless=draw(words) if pick(draw, (False, True)) else None,
        by=by,
        within=pick(draw, WITHIN) if asks else None,
        own_vote=asks and pick(draw, (False, False, True)),
        then=_then(draw, roles, by) if by else None,
        because=pick(draw, (None, "a generated rule", "{actor.id} asked")),
    )


def _some(draw: st.DrawFn, types: tuple[str, ...]) -> tuple[str, ...]:
    """One, two or three of *types*, each once."""
    return tuple(dict.fromkeys(pick(draw, types) for _ in range(pick(draw, (1, 2, 3)))))


def _seats(draw: st.DrawFn, roles: Roles) -> tuple[tuple[str, int], ...]:
    """Seats that the people of *roles* can fill: one role, or as many more as leave it so."""
    role = pick(draw, tuple(roles))
    seats = {role: pick(draw, range(1, len(roles[role]) + 1))}
    for other in (*roles, *(PERSON + person for people in roles.values() for person in people)):
        more = {**seats, other: 1}
        if other not in seats and pick(draw, (False, False, True)) and _can_be_filled(more, roles):
            seats = more
    return tuple(seats.items())


def _can_be_filled(seats: Mapping[str, int], roles: Roles) -> bool:
    people = {person for held in roles.values() for person in held}
    voters = {one: frozenset([PERSON + one, *(role for role, held in roles.items() if one in held)]) for one in sorted(people)}
    return fill_seats([Seat(role, count) for role, count in seats.items()], voters).complete


def _then(draw: st.DrawFn, roles: Roles, by: tuple[tuple[str, int], ...]) -> tuple[str, str] | None:
    """Who may stand in, or nobody; always before the shortest time to sign is over."""
    others = (*roles, PERSON + "zoe")
    return pick(draw, (None, None, *((after, who) for after in AFTER for who in others if {who} != {role for role, _ in by})))


@cache
def _roles(people: tuple[str, ...]) -> st.SearchStrategy[Roles]:
    """One role or more, each of some of *people*."""
    members = st.lists(st.sampled_from(people), min_size=1, unique_by=fold_name).map(tuple)
    first, *others = ROLES
    return st.fixed_dictionaries({first: members}, optional=dict.fromkeys(others, members))


def _lists(vocabulary: Vocabulary) -> st.SearchStrategy[Roles]:
    """One list or two, which may be empty: each text once, however it is spelt."""
    texts = (st.sampled_from(WORDS) | vocabulary.texts()).filter(_can_be_listed)
    listed = st.lists(texts, max_size=3, unique_by=fold_name).map(tuple)
    return st.fixed_dictionaries({"first": listed}, optional={"second": listed})


def _can_be_listed(text: str) -> bool:
    return bool(fold_name(text)) and show_text(text) == text


def _signers(role: str, count: int | None = None) -> str:
    """A role or a person, as an item of `by`."""
    if role.startswith(PERSON):
        return f"{{people: [{_text(role.removeprefix(PERSON))}]}}"
    return _text(role) if count is None else f"{{role: {_text(role)}, count: {count}}}"


def _text(value: str | Sequence[str] | Mapping[str, Sequence[str]]) -> str:
    """*value* as YAML: JSON on one line is YAML, too."""
    return json.dumps("*" if value == ("*",) else value, ensure_ascii=False)
