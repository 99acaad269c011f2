"""What the rules that match an action come to together: one Decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from signoff.canonical import Json, canonical, digest

from .content import Document
from .decision import CAUTION, DEFAULT_WITHIN, Decision, DecisionEffect, Seat
from .routes import Route, combine_routes
from .rule import Rule

_UNSPOKEN = "no allow rule speaks for it"


@dataclass(frozen=True, kw_only=True)
class Combining:
    """Combines the rules of one file."""

    document: Document
    policy: str  # digest of the file

    def finish(self, matched: tuple[Rule, ...], failed: tuple[Rule, ...], caution: str | None = None) -> Decision:
        """What the rules that *matched* come to: the strictest of them; without an allow rule the default, or stricter."""
        effects = {rule.effect for rule in matched}
        if DecisionEffect.DENY in effects:
            return self._decision(DecisionEffect.DENY, matched, failed)
        granted = DecisionEffect.ALLOW in effects
        if not granted and self.document.default is None:
            return self._decision(DecisionEffect.DENY, (), failed, (_UNSPOKEN,))
        if caution is not None and self.document.approvers is None:
            return self._decision(DecisionEffect.DENY, (), failed, (caution, "the policies name no `approvers` who could sign"))
        asking = tuple(rule for rule in matched if rule.effect is DecisionEffect.APPROVE)
        if granted and not asking and caution is None:
            return self._decision(DecisionEffect.ALLOW, matched, failed)
        return self._approval(asking, failed, caution, granted=granted)

    def _approval(self, asking: tuple[Rule, ...], failed: tuple[Rule, ...], caution: str | None, *, granted: bool) -> Decision:
        """An approval that satisfies all rules *asking*, the action's caution, and the default where nothing *granted* it."""
        default = None if granted else self.document.default
        careful = Seat(self.document.approvers, 1) if caution is not None and self.document.approvers else None
        others = [seat for seat in (default, careful) if seat]
        routes = [Route(seats=rule.seats, stand_ins=rule.stand_ins, own_vote=rule.own_vote) for rule in asking]
        route = combine_routes(routes + [Route(seats=(seat,)) for seat in others])
        otherwise = self.document.within or DEFAULT_WITHIN  # seconds to sign where no rule asks
        within = min([rule.deadline for rule in asking] + [otherwise for _ in others])
        asks: dict[str, Json] = {
            "seats": [{"role": seat.role, "count": seat.count} for seat in route.seats],
            "rules": sorted(rule.asks for rule in asking),
            "default": default.role if default else None,
            "caution": careful.role if careful else None,
            "within": otherwise if others else None,
        }
        reasons = (() if granted else (_UNSPOKEN,)) + (() if caution is None else (caution,))
        return replace(
            self._decision(DecisionEffect.APPROVE, asking, failed, reasons),
            rules=tuple(rule.id for rule in asking) + ((CAUTION,) if careful else ()),
            seats=route.seats,
            within=within,
            remind=_reminder(within, [rule.remind for rule in asking] + [self.document.remind for _ in others]),
            asks=digest(canonical(asks)),
            stand_ins=route.stand_ins,
            own_vote=route.own_vote,
        )

    def _decision(
        self, effect: DecisionEffect, rules: tuple[Rule, ...], failed: tuple[Rule, ...] = (), reasons: tuple[str, ...] = ()
    ) -> Decision:
        return Decision(
            effect=effect,
            rules=tuple(rule.id for rule in rules),
            seats=(),
            within=None,
            asks="",
            policy=self.policy,
            failed=tuple(rule.id for rule in failed),
            because=tuple(rule.because for rule in rules if rule.because) + reasons,
        )

    def deny(self, reason: str) -> Decision:
        """What is decided where no rule can be asked."""
        return self._decision(DecisionEffect.DENY, (), (), (reason,))


def _reminder(within: int, said: Sequence[int | None]) -> int | None:
    """How many seconds before their time is over people are reminded: the earliest that is said, though never at once."""
    longest = max((one for one in said if one is not None), default=None)
    return longest if longest is None or longest < within else within // 2
