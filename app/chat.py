"""The tool-call chat: a model speaks with a user, and each of its calls becomes an action like any other.

The loop knows nothing that is not stored. What comes next is read off the conversation each time: so it goes on in
whichever process, and after whatever crash. A turn is stored with all its calls before any of them is run; one that was
not stored is asked for again, and nothing of it was run.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Protocol

from signoff.audit import Conversation, MessageRecord, PlanRecord
from signoff.planner import MAX_ACTIONS, Call, Message, Outcome, Role, Talker, Turn

from .actor import Actor
from .engine import Engine
from .errors import UsageError
from .origin import kept_count
from .settings import MAX_CALLS, MAX_TOKENS, MAX_TURNS
from .told_calls import conversation_of, is_pending

MAX_MISTAKES = 3  # turns with calls that could not be read, after which the model is not asked again until the user speaks
_USED = (Outcome.PLAN, Outcome.QUESTION)  # outcomes of a turn that is taken
CHARACTERS = 4  # of a text that make a token, roughly: where nobody counts them


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a model one conversation may take. Those that it is begun with hold for all of it."""

    turns: int = MAX_TURNS
    calls: int = MAX_CALLS
    tokens: int = MAX_TOKENS

    def reached(self, talk: Conversation, wasted: int) -> str | None:
        """Why the model is not asked any more; None where it may be. *wasted* are the tokens of answers that were of no use."""
        turns = sum(one.role == Role.ASSISTANT for one in talk.messages)
        tokens = sum(one.tokens or 0 for one in talk.messages) + wasted
        if turns >= self.turns:
            return f"the model took {turns:,} turns, and {self.turns:,} are allowed"
        if tokens >= self.tokens:
            return f"the model took {tokens:,} tokens, and {self.tokens:,} are allowed"
        return None

    def exceeded(self, talk: Conversation, turn: Turn) -> str | None:
        """Why *turn* is not taken; None where it is."""
        made, new = len(talk.calls), len(turn.calls)
        if made + new > self.calls or new > MAX_ACTIONS:
            return f"the model called for {new:,} actions after {made:,}, and {self.calls:,} are allowed"
        return None

    def check_within(self, begun: "Limits", plan: str) -> None:
        """Raises UsageError where one of these is higher than the one that the conversation *plan* was begun with."""
        for name, most in asdict(begun).items():
            if getattr(self, name) > most:
                raise UsageError(
                    f"{plan} was begun with {most:,} {name} of the model at most, which may be lowered and not raised; "
                    f"leave --max-{name} out, or start another conversation"
                )


class Standing(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"  # somebody speaks next: the user, or the model
    WAITING = "waiting"  # for what its actions come to: an approval, or another attempt
    ENDED = "ended"  # for good


class Next(StrEnum):
    """Whose move it is."""

    USER = "user"
    MODEL = "model"
    ACTIONS = "actions"  # of which the model was not told yet what came of them
    NOBODY = "nobody"


class Audience(Protocol):
    """Who watches a conversation."""

    def hear(self, piece: str) -> None:
        """A piece of what the model says now, as it comes: hostile text, cut anywhere."""

    def heard(self) -> None:
        """The model says no more for now: its turn is over, or was broken off."""

    def decided(self, record: PlanRecord, message: MessageRecord) -> None:
        """The model's turn, which is over, is stored with its calls as *message*, and each of them is decided."""

    def ended(self, record: PlanRecord, message: MessageRecord) -> None:
        """What could be run of the calls in *message* was run."""

    def failed(self, turn: Turn) -> None:
        """The model gave nothing that could be used; nothing was run."""


def next_move(record: PlanRecord) -> Next:
    """Whose move it is in the conversation *record*."""
    talk = conversation_of(record)
    if talk.ended is not None:
        return Next.NOBODY
    if talk.unanswered() or is_pending(record):
        return Next.ACTIONS
    spoke = talk.messages[-1].role
    return Next.USER if spoke == Role.ASSISTANT or (spoke == Role.TOOL and is_stuck(talk)) else Next.MODEL


def standing_of(record: PlanRecord) -> Standing:
    """Where the conversation *record* stands."""
    talk = conversation_of(record)
    if talk.ended is not None:
        return Standing.ENDED
    return Standing.WAITING if is_pending(record) else Standing.OPEN


def is_stuck(talk: Conversation) -> bool:
    """Whether the model has made MAX_MISTAKES mistakes since the user last spoke: turns with calls that could not be read."""
    spoke = max(one.number for one in talk.messages if one.role == Role.USER)
    wrong = [one for one in talk.messages[spoke:] if any(call.action is None for call in one.calls)]
    return len(wrong) >= MAX_MISTAKES


class Chat:
    """One conversation, as one process takes part in it."""

    def __init__(
        self,
        engine: Engine,
        talker: Talker,
        actor: Actor,
        audience: Audience,
        *,
        plan: str | None = None,
        limits: Limits | None = None,
        refresh: Callable[[], None] = lambda: None,
    ) -> None:
        """*plan* is the conversation to go on with; None: what is said first opens one. *limits* are the default ones where it is
        begun, and those that it was begun with where it goes on. *refresh* is called whenever the model has answered: that takes
        time, in which the rules may have been edited.
        """
        self.plan = plan
        self.refresh = refresh
        self.seen: int | None = None  # the last message that whoever speaks here has seen; None: they did not look
        self.failed = False  # whether the model, asked last, gave nothing that could be used
        self._engine = engine
        self._talker = talker
        self._actor = actor
        self._audience = audience
        self._limits = limits

    @property
    def label(self) -> str:
        """Who talks, for people."""
        return self._talker.label

    def say(self, words: str) -> PlanRecord:
        """Add the user's *words*, go on as far as that goes, and return the conversation as it stands then.

        What came of the calls before is told first, once that is known of all. Raises PlanInvalid for words that cannot be
        taken, Refused where it is somebody else's conversation, and Busy where more was said there since it was looked at
        here: a "yes" is no answer to a question that nobody saw.
        """
        if self.plan is None:
            self._limits = self._limits or Limits()
            self.plan = self._engine.conversing.open(self._actor, words, self._talker.label, asdict(self._limits))
        else:
            record = self.record()
            self._bounds(record)
            last = conversation_of(record).last
            self.seen = last if self.seen is None else self.seen
            if self.seen == last and next_move(record) is Next.ACTIONS and standing_of(record) is Standing.OPEN:
                self._act(record)
            self._engine.conversing.say(self.plan, self.seen, self._actor, words)
        self.look()
        return self.go_on()

    def go_on(self) -> PlanRecord:
        """Go on from what is stored, until it is the user's move, or something waits, and return it as it stands then.

        Raises UsageError where nothing was said yet, and Busy where another process goes on with it at the same time. In
        somebody else's conversation what may run is run, and told; Refused is raised where the model would be asked.
        """
        self.failed = False
        self._bounds(self.record())
        while True:
            record = self.record()
            match next_move(record):
                case Next.ACTIONS if self._act(record):
                    continue
                case Next.MODEL if self._ask(record):
                    continue
                case Next.USER if is_stuck(conversation_of(record)):
                    self.failed = True
            return self.look()

    def end(self, reason: str) -> PlanRecord:
        """End the conversation for good."""
        record = self.record()
        self._engine.conversing.end(record.id, conversation_of(record).last, self._actor, reason)
        return self.record()

    def look(self) -> PlanRecord:
        """The same as `record`, for somebody who is shown it and speaks next."""
        record = self.record()
        self.seen = conversation_of(record).last
        return record

    def record(self) -> PlanRecord:
        """The conversation as it stands. Raises UsageError where there is none yet."""
        return self._engine.plan(self.plan or "")

    def _bounds(self, record: PlanRecord) -> Limits:
        """The limits that hold. Raises UsageError where they are higher than those that the conversation was begun with."""
        begun = limits_of(self._engine, record.id)
        self._limits = self._limits or begun
        self._limits.check_within(begun, record.id)
        return self._limits

    def _act(self, record: PlanRecord) -> bool:
        """Run what may run, and tell the model what came of its calls: whether that is known of all of them."""
        (record,) = self._engine.resume(self._actor, plan=record.id)
        talk = conversation_of(record)
        called = next(one for one in reversed(talk.messages) if one.calls)
        self._audience.ended(record, called)
        told = self._engine.conversing.answer(record.id, talk.last, self._actor)
        self.look()
        return told

    def _ask(self, record: PlanRecord) -> bool:
        """Ask the model for its next turn and store it: whether there was one."""
        self._engine.conversing.check(record, self._actor)
        talk = conversation_of(record)
        limits = self._bounds(record)
        reason = limits.reached(talk, self._engine.conversing.wasted(record.id))
        if reason is not None:
            self._engine.conversing.end(record.id, talk.last, self._actor, reason)
            return False
        messages = messages_of(talk)
        try:
            turn = counted(_said(self._talker.turn(messages, self._audience.hear)), messages)
        finally:
            self._audience.heard()
        if turn.outcome not in _USED:
            self.failed = True
            self._audience.failed(turn)
            if turn.tokens:
                self._engine.conversing.waste(record.id, self._actor, turn, self._talker.label)
            return False
        self.refresh()
        reason = limits.exceeded(talk, turn)
        if reason is not None:
            self._engine.conversing.end(record.id, talk.last, self._actor, reason)
            return False
        self._engine.conversing.take(record.id, talk.last, self._actor, turn, self._talker.label)
        record = self.look()
        self._audience.decided(record, conversation_of(record).messages[talk.last])
        return True


def messages_of(talk: Conversation) -> list[Message]:
    """All that was said, as a model is told it: of each call what is known last, where the first answer to it stands."""
    newest = {one.answers: one.text for one in talk.messages}
    first = {one.answers: one.number for one in reversed(talk.messages)}
    return [
        Message(
            role=Role(one.role),
            text=one.text if one.answers is None else newest[one.answers],
            calls=tuple(Call(id=call.id, name=call.name, arguments=call.arguments) for call in one.calls),
            answers=one.answers,
        )
        for one in talk.messages
        if one.answers is None or first[one.answers] == one.number
    ]


def limits_of(engine: Engine, plan: str) -> Limits:
    """The limits that the conversation *plan* was begun with; the default ones where its log tells none."""
    told = engine.conversing.limits(plan)
    return Limits(**{name: told[name] for name in asdict(Limits()) if name in told})


def _said(turn: Turn) -> Turn:
    """*turn*; one that says and calls for nothing is none that can be used."""
    if turn.outcome not in _USED or turn.words.strip() or turn.calls:
        return turn
    return replace(turn, outcome=Outcome.MALFORMED, message="the model's answer is empty; say it in other words, or try again")


def counted(turn: Turn, messages: Sequence[Message]) -> Turn:
    """*turn* with the tokens that it took; estimated from all that was said where nobody counted them, and it was answered."""
    tokens = kept_count(turn.tokens)
    if tokens is not None or turn.outcome is Outcome.PROVIDER_ERROR:
        return replace(turn, tokens=tokens)
    told = [one for message in messages for one in (message.text, *(call.arguments for call in message.calls))]
    said = [turn.words, *(call.arguments for call in turn.calls)]
    return replace(turn, tokens=sum(map(len, told + said)) // CHARACTERS + 1)
