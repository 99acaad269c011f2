"""Conversations as they are stored: plans that grow by the calls of a model. Each verb is one transaction.

Whoever goes on with one names the last message that they have seen, and is refused where there is another by now: of two
processes that go on with the same conversation one wins, and an old copy of one that has ended adds nothing to it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signoff.actions import Action, Lookup, Redaction, Registry, show_text
from signoff.audit import CallRecord, Conversation, MessageRecord, PlanRecord, Store, Writing
from signoff.planner import Call, Role, Turn, check_request, read_call

from .accepting import Accepting
from .actor import Actor
from .canonical import canonical, digest
from .deciding import check_speaker
from .errors import ActionInvalid, Busy, PlanInvalid, Refused, UsageError
from .in_force import InForce
from .plans import Verifier, known, settle
from .refusals import log_refusal, refused, storable
from .told_calls import is_over, tell_call

MAX_SAID = 100  # messages of the user in one conversation
MAX_SAID_CHARACTERS = 100_000  # of all of them: each value of each action is looked for there
MAX_WORDS = 50_000  # characters of what a model says in one turn that are kept
MAX_ARGUMENTS = 20_000  # characters of one call's arguments that are kept
NO_ACTIONS = canonical({"actions": []})  # what a conversation begins with

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of calls and their ids, as servers take them


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What a model's call was read as: an action, or why it is none."""

    call: Call
    action: Action | None = None
    problems: tuple[str, ...] = ()


class Conversing:
    """Opens conversations, adds to them, and ends them."""

    def __init__(self, store: Store, registry: Registry, in_force: InForce, verifier: Verifier, accepting: Accepting) -> None:
        self._store = store
        self._registry = registry
        self._in_force = in_force
        self._verifier = verifier
        self._accepting = accepting

    def open(self, actor: Actor, words: str, planner: str) -> str:
        """Begin a conversation with the *words* of *actor*, and return the id of its plan. Raises PlanInvalid for the words."""
        check_request(storable("the message", words))
        self._in_force.vet()
        with self._store.write() as tx:
            self._accepting.begin(tx, actor)
            plan = tx.add_plan(
                requester=actor,
                request=words,
                planner=planner,
                proposed=NO_ACTIONS,
                digest=digest(NO_ACTIONS),
                policy=self._in_force.policy.digest,
                conversation=True,
            )
            tx.say(plan, MessageRecord(number=1, role=Role.USER.value, text=words), actor)
        return plan

    def say(self, plan: str, last: int, actor: Actor, words: str) -> None:
        """Add the *words* of *actor*, whose conversation it is, after message *last*.

        Raises Refused, which is recorded, where it is somebody else's; UsageError where calls are not answered yet.
        """
        check_request(storable("the message", words))
        self._in_force.vet()
        with self._store.write() as tx:
            record, talk = self._going(tx, plan, last, actor)
            refusal = refused(lambda: check_speaker(self._in_force.policy, record, actor))
            if refusal is not None:
                log_refusal(tx, refusal, actor, "chat", plan)
            else:
                _check_room(plan, talk, words)
                tx.say(plan, MessageRecord(number=last + 1, role=Role.USER.value, text=words), actor)
        if refusal is not None:
            raise refusal

    def take(self, plan: str, last: int, actor: Actor, turn: Turn, label: str) -> None:
        """Add what a model said after message *last*, and an action for each of its calls that can be read: all are decided.

        *label* is who talked. Nothing is run here. A call that cannot be read is kept with why.
        """
        self._in_force.vet()
        with self._store.write() as tx:
            record, talk = self._going(tx, plan, last, actor)
            if talk.unanswered():
                raise UsageError(f"{plan} has calls that were not answered; nobody speaks before that")
            read = [self._read(tx, call, record.requester) for call in _with_ids(turn.calls, talk, last + 1)]
            calls = self._accept(tx, record, read)
            words = _as_text(turn.words)[:MAX_WORDS]
            message = MessageRecord(number=last + 1, role=Role.ASSISTANT.value, text=words, calls=calls, tokens=turn.tokens)
            tx.say(plan, message, actor, {"planner": label} | dict(turn.record))

    def answer(self, plan: str, last: int, actor: Actor) -> bool:
        """Tell the model what came of its calls, in messages after *last*, once that is known of all: whether it is."""
        self._in_force.vet()
        with self._store.write() as tx:
            record, talk = self._going(tx, plan, last, actor)
            calls = talk.unanswered()
            if not all(is_over(record, call) for call in calls):
                return False
            for number, call in enumerate(calls, last + 1):
                text = tell_call(tx, record, call)
                tx.say(plan, MessageRecord(number=number, role=Role.TOOL.value, text=text, answers=call.id), actor)
        return True

    def end(self, plan: str, last: int, actor: Actor, reason: str) -> None:
        """End the conversation after message *last*, for good. Raises UsageError where actions of it still wait."""
        self._in_force.vet()
        with self._store.write() as tx:
            _, talk = self._going(tx, plan, last, actor)
            if talk.unanswered():
                raise UsageError(f"{plan} waits for what its actions come to; cancel it first: signoff cancel {plan}")
            tx.end_conversation(plan, last, actor, reason)

    def _going(self, tx: Writing, plan: str, last: int, actor: Actor) -> tuple[PlanRecord, Conversation]:
        """The conversation, verified, in which *last* is the last message. Raises UsageError, Busy and LogInvalid."""
        self._accepting.begin(tx, actor)
        record = settle(tx, self._verifier.plan(tx, known(tx.plan(plan), plan).id))
        talk = conversation_of(record)
        if talk.ended is not None:
            raise UsageError(f"{plan} has ended: {talk.ended}; start another conversation")
        if talk.last != last:
            raise Busy(f"{plan} was continued by another process; look again")
        return record, talk

    def _read(self, tx: Writing, call: Call, requester: Actor) -> _Read:
        """*call* as the action for which it asks, names as they are registered; or why it is none."""
        try:
            action = read_call(call, self._registry)
        except PlanInvalid as error:
            return _Read(call=call, problems=error.problems)
        try:
            with tx.lent() as lent:
                resolved = action.resolve(Lookup(actor=requester, tx=lent))
        except ActionInvalid as error:
            hidden = Redaction.of(action)
            return _Read(call=call, problems=tuple(hidden.text(problem) for problem in error.problems))
        return _Read(call=call, action=resolved)

    def _accept(self, tx: Writing, record: PlanRecord, read: Sequence[_Read]) -> tuple[CallRecord, ...]:
        """Decide and store the actions of all calls that could be read, together; where that is refused, none of them."""
        asked = [(one.action, one.call.id) for one in read if one.action is not None]
        found = self._accepting.add(tx, record, asked) if asked else ()
        refusal = (str(found),) if isinstance(found, Refused) else ()
        numbers = iter(() if isinstance(found, Refused) else found)
        return tuple(
            _kept(one.call, next(numbers), ())
            if one.action is not None and not refusal
            else _kept(one.call, None, one.problems or refusal)
            for one in read
        )


def conversation_of(record: PlanRecord) -> Conversation:
    """The conversation that *record* is. Raises UsageError where it is none."""
    if record.conversation is None:
        raise UsageError(f"{record.id} is no conversation; `signoff chat --list` lists them")
    return record.conversation


def _check_room(plan: str, talk: Conversation, words: str) -> None:
    """Raises UsageError where the user cannot say *words* now: calls are not answered, or all words together are too much."""
    if talk.unanswered():
        raise UsageError(
            f"{plan} waits for what its actions come to; sign or cancel what waits (signoff cancel {plan}), then say it"
        )
    said = [one.text for one in talk.messages if one.role == Role.USER]
    if len(said) >= MAX_SAID or sum(map(len, said)) + len(words) > MAX_SAID_CHARACTERS:
        raise UsageError(f"{plan} holds as many words of its user as a conversation may; start another one")


def _with_ids(calls: Iterable[Call], talk: Conversation, message: int) -> list[Call]:
    """*calls*, each with an id that no other has in the conversation, and that every server takes."""
    taken = {call.id for call in talk.calls}
    named: list[Call] = []
    for place, call in enumerate(calls, 1):
        id_ = call.id if _NAME.fullmatch(call.id) and call.id not in taken else f"call_{message}_{place}"
        while id_ in taken:
            id_ += "_"
        taken.add(id_)
        named.append(Call(id=id_, name=call.name, arguments=call.arguments))
    return named


def _kept(call: Call, action: int | None, problems: tuple[str, ...]) -> CallRecord:
    """*call* as it is stored, and shown to the model again.

    Of one that could not be read only the name is kept: its arguments may be no JSON, which servers refuse, or hold a secret.
    """
    if action is None:
        name = call.name if _NAME.fullmatch(call.name) else "unknown"
        return CallRecord(id=call.id, name=name, arguments="{}", problems=tuple(map(show_text, problems)))
    return CallRecord(id=call.id, name=call.name, arguments=_arguments(call.arguments), action=action)


def _arguments(text: str) -> str:
    return text if len(text) <= MAX_ARGUMENTS else "{}"


def _as_text(text: str) -> str:
    """*text*, which can be stored: half a character is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()
