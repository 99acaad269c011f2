"""Conversations as they are stored: plans that grow by the calls of a model. Each verb is one transaction.

Whoever goes on with one names the last message that they have seen, and is refused where there is another by now: of two
processes that go on with the same conversation one wins, and an old copy of one that has ended adds nothing to it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from signoff.actions import Action, Lookup, Redaction, Registry, show_text
from signoff.audit import CallRecord, Conversation, Entry, MessageRecord, PlanRecord, Store, Writing
from signoff.planner import Call, Role, Turn, check_request, read_call

from .accepting import Accepting
from .actor import Actor
from .canonical import Json, canonical, digest
from .deciding import check_speaker
from .errors import ActionInvalid, Busy, DatabaseError, PlanInvalid, Refused, TransactionLost, UsageError
from .in_force import InForce
from .origin import MAX_LABEL, kept_count, kept_record, kept_text
from .plans import Verifier, known, settle
from .refusals import log_refusal, refused, storable
from .told_calls import conversation_of, is_pending, tell_call, untold

MAX_SAID = 100  # messages of the user in one conversation
MAX_SAID_CHARACTERS = 100_000  # of all of them: each value of each action is looked for there
MAX_WORDS = 50_000  # characters of what a model says in one turn that are kept
MAX_ARGUMENTS = 100_000  # characters of one call's arguments: the model is shown them again
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

    def open(self, actor: Actor, words: str, planner: str, limits: Mapping[str, int] | None = None) -> str:
        """Begin a conversation with the *words* of *actor*, and return the id of its plan. Raises PlanInvalid for the words.

        Its log tells the *limits* that it is begun with.
        """
        check_request(storable("the message", words))
        self._in_force.vet()
        with self._store.write() as tx:
            self._accepting.begin(tx, actor)
            plan = tx.add_plan(
                requester=actor,
                request=words,
                planner=kept_text(planner, MAX_LABEL),
                proposed=NO_ACTIONS,
                digest=digest(NO_ACTIONS),
                policy=self._in_force.policy.digest,
                conversation=True,
                limits=limits,
            )
            tx.say(plan, MessageRecord(number=1, role=Role.USER.value, text=words), actor)
        return plan

    def limits(self, plan: str) -> Mapping[str, int]:
        """The limits that the conversation *plan* was begun with; empty where its log tells none. Raises as `say` does."""
        told = self._entries(plan)[0].data.get("limits")
        return cast(Mapping[str, int], told) if isinstance(told, Mapping) else {}

    def wasted(self, plan: str) -> int:
        """The tokens that answers of a model took in the conversation *plan* of which nothing was used."""
        return sum(cast(int, one.data["tokens"]) for one in self._entries(plan) if one.event == "unused")

    def waste(self, plan: str, actor: Actor, turn: Turn, label: str) -> None:
        """Record the tokens of *turn*, of which nothing is used; *label* is who talked. It changes nothing of what was said."""
        with self._store.write() as tx:
            if conversation_of(self._verifier.plan(tx, plan)).ended is None:
                tx.waste(plan, actor, turn.outcome.value, kept_count(turn.tokens) or 0, _record(turn, label))

    def _entries(self, plan: str) -> list[Entry]:
        """What the log tells of *plan*, which is verified."""
        with self._store.read() as tx:
            self._verifier.plan(tx, plan)
            return tx.entries(plan)

    def check(self, record: PlanRecord, actor: Actor) -> None:
        """Raises Refused, which is recorded, where *actor* may not have a model speak in the conversation *record*."""
        refusal = self._refusal(record, actor)
        if refusal is not None:
            with self._store.write() as tx:
                log_refusal(tx, refusal, actor, "chat", record.id)
            raise refusal

    def say(self, plan: str, last: int, actor: Actor, words: str) -> None:
        """Add the *words* of *actor*, whose conversation it is, after message *last*.

        Raises Refused, which is recorded, where it is somebody else's; UsageError where calls are not answered yet.
        """
        check_request(storable("the message", words))

        def add(tx: Writing, record: PlanRecord, talk: Conversation) -> None:
            _check_room(record, talk, words)
            number = _tell(tx, record, actor)  # of doubts that somebody resolved since
            tx.say(plan, MessageRecord(number=number, role=Role.USER.value, text=words), actor)

        self._speak(plan, last, actor, add)

    def take(self, plan: str, last: int, actor: Actor, turn: Turn, label: str) -> None:
        """Add what a model said after message *last*, and an action for each of its calls that can be read: all are decided.

        *label* is who talked. Nothing is run here. A call that cannot be read is kept with why. Raises as `say` does.
        """

        def add(tx: Writing, record: PlanRecord, talk: Conversation) -> None:
            if talk.unanswered():
                raise UsageError(f"{plan} has calls that were not answered; nobody speaks before that")
            read = [self._read(tx, call, record.requester) for call in _with_ids(turn.calls, talk, last + 1)]
            calls = self._accept(tx, record, read)
            words = _as_text(turn.words)[:MAX_WORDS]
            tokens = kept_count(turn.tokens)
            message = MessageRecord(number=last + 1, role=Role.ASSISTANT.value, text=words, calls=calls, tokens=tokens)
            tx.say(plan, message, actor, _record(turn, label))

        self._speak(plan, last, actor, add)

    def answer(self, plan: str, last: int, actor: Actor) -> bool:
        """Tell the model what came of its calls, in messages after *last*, once that is known of all: whether it was told.

        What came of a doubt that it knows of is told with that, or with what the user says next: it is not asked for that alone.
        """
        self._in_force.vet()
        with self._store.write() as tx:
            record, talk = self._going(tx, plan, last, actor)
            if is_pending(record) or not talk.unanswered():
                return False
            _tell(tx, record, actor)
        return True

    def end(self, plan: str, last: int, actor: Actor, reason: str) -> None:
        """End the conversation after message *last*, for good. Raises as `say` does."""

        def end(tx: Writing, record: PlanRecord, talk: Conversation) -> None:
            if talk.unanswered() or is_pending(record):
                raise UsageError(f"{plan} waits for what its actions come to; cancel it first: signoff cancel {plan}")
            tx.end_conversation(plan, last, actor, reason)

        self._speak(plan, last, actor, end)

    def _speak(self, plan: str, last: int, actor: Actor, verb: Callable[[Writing, PlanRecord, Conversation], None]) -> None:
        """Do *verb*, which is for the requester alone, in a transaction of its own."""
        self._in_force.vet()
        with self._store.write() as tx:
            record, talk = self._going(tx, plan, last, actor)
            refusal = self._refusal(record, actor)
            if refusal is None:
                verb(tx, record, talk)
            else:
                log_refusal(tx, refusal, actor, "chat", plan)
        if refusal is not None:
            raise refusal

    def _refusal(self, record: PlanRecord, actor: Actor) -> Refused | None:
        return refused(lambda: check_speaker(self._in_force.policy, record, actor))

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
        """*call* as the action for which it asks, names as they are registered; or why it is none.

        Where the action's own code fails over what a model wrote, that is a call that cannot be read: else the same one, asked
        for again, would keep the conversation from going on.
        """
        action: Action | None = None
        try:
            action = read_call(call, self._registry)
            if len(call.arguments) > MAX_ARGUMENTS:
                raise PlanInvalid([f"the call holds {len(call.arguments):,} characters; at most {MAX_ARGUMENTS:,} are accepted"])
            with tx.lent() as lent:
                action = action.resolve(Lookup(actor=requester, tx=lent))
            action.title().encode()  # as it is stored
        except PlanInvalid as error:
            return _Read(call=call, problems=error.problems)
        except ActionInvalid as error:
            hidden = Redaction() if action is None else Redaction.of(action)
            return _Read(call=call, problems=tuple(hidden.text(problem) for problem in error.problems))
        except (Busy, DatabaseError, TransactionLost):
            raise
        except Exception as error:
            return _Read(call=call, problems=(f"the action's own check failed ({type(error).__name__})",))
        return _Read(call=call, action=action)

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


def _tell(tx: Writing, record: PlanRecord, actor: Actor) -> int:
    """Tell the model what came of its calls, and return the number of the next message."""
    calls, following = untold(record), conversation_of(record).last + 1
    for number, call in enumerate(calls, following):
        text = tell_call(tx, record, call)
        tx.say(record.id, MessageRecord(number=number, role=Role.TOOL.value, text=text, answers=call.id), actor)
    return following + len(calls)


def _record(turn: Turn, label: str) -> dict[str, Json]:
    """How a model came to *turn*, for the log, as far as that can be kept, and who talked."""
    return kept_record(turn.record) | {"talker": kept_text(label, MAX_LABEL)}


def _check_room(record: PlanRecord, talk: Conversation, words: str) -> None:
    """Raises UsageError where the user cannot say *words* now: calls are not answered, or all words together are too much."""
    if talk.unanswered() or is_pending(record):
        raise UsageError(
            f"{record.id} waits for what its actions come to; sign or cancel what waits (signoff cancel {record.id}), then say it"
        )
    said = [one.text for one in talk.messages if one.role == Role.USER]
    if len(said) >= MAX_SAID or sum(map(len, said)) + len(words) > MAX_SAID_CHARACTERS:
        raise UsageError(f"{record.id} holds as many words of its user as a conversation may; start another one")


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
    return CallRecord(id=call.id, name=call.name, arguments=call.arguments, action=action)


def _as_text(text: str) -> str:
    """*text*, which can be stored: half a character is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode()
