"""Putting one turn of a model together from the pieces of a stream. Nothing in them is trusted, and nothing of them is run.

Words are told on as they come. Calls count only where the whole turn came to an end that is known to be a good one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .answer import Outcome
from .completion import MEANING, Reply, error_text, read_object, stopped, text_of, tokens_of
from .events import Event
from .transport import NoPlan
from .turn import Call

MAX_TURN_CALLS = 20  # in one turn
MAX_ARGUMENTS = 100_000  # characters of one call
MAX_NAME = 200  # characters of the name that a call gives
MAX_TURN_WORDS = 20_000  # characters of a model's words in one turn
MAX_ID = 200  # characters of a call's id

_DONE = "[DONE]"
_MORE = " …"  # after words that were cut
_NOTHING = "the server answers with something that is no JSON and no stream of it"
_CUT_OFF = "the answer broke off before its end, so nothing of it is used; try again"


@dataclass(kw_only=True)
class _Call:
    """One call, as far as it came."""

    place: int
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)
    size: int = 0  # characters of the arguments


class Voice:
    """Tells a model's words on as they come: bounded, without secrets, and in whole characters, whatever the pieces."""

    def __init__(self, hear: Callable[[str], None], hidden: Sequence[str]) -> None:
        self._hear = hear
        self._hidden = hidden
        self._held = ""  # what may turn out to be the beginning of a secret, or is half a character
        self._told: list[str] = []
        self._room = MAX_TURN_WORDS

    @property
    def words(self) -> str:
        """All that was told."""
        return "".join(self._told)

    def say(self, piece: str) -> None:
        """Tell *piece* on, but for an end of it that only the next one can tell."""
        text = self._held + piece
        for secret in self._hidden:
            text = text.replace(secret, "***")
        whole = len(text) - self._undecided(text)
        self._held = text[whole:]
        self._tell(text[:whole])

    def end(self) -> None:
        """Tell what was held back."""
        self._tell(self._held)
        self._held = ""

    def _undecided(self, text: str) -> int:
        """How many characters at the end of *text* may be a part of something larger."""
        half = "\ud800" <= text[-1:] <= "\udbff"
        begun = (size for secret in self._hidden for size in range(len(secret) - 1, 0, -1) if text.endswith(secret[:size]))
        return max(half, max(begun, default=0))

    def _tell(self, text: str) -> None:
        text = whole_characters(text)
        if not text or self._room < 0:
            return
        told = text if len(text) <= self._room else text[: self._room] + _MORE
        self._room -= len(text)  # less than 0: no more is told
        self._told.append(told)
        self._hear(told)


class Gathering:
    """A turn that is coming in. What raises NoPlan here ends it, without a call."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._calls: list[_Call] = []
        self._refusal: list[str] = []
        self._has_begun = False
        self._is_over = False  # whether the model said that it is done, one way or the other
        self.finish = ""  # why, in the server's words
        self.tokens: int | None = None
        self.model = ""  # which one answers, in the server's words

    def take(self, event: Event) -> bool:
        """Take the next event of the stream in; True where it was the last one. Raises NoPlan."""
        if event.data.strip() in (_DONE, ""):
            return event.data.strip() == _DONE
        self._has_begun = True
        value = read_object(event.data)
        if event.is_error:
            said = value.text if isinstance(value, Reply) else error_text(value)
            raise NoPlan(_failed(MEANING[Outcome.PROVIDER_ERROR], said or event.data))
        if isinstance(value, Reply):
            raise NoPlan(value)
        self._take_facts(value)
        choices = value.get("choices")
        if not isinstance(choices, list | None):
            raise NoPlan(_malformed("the server's stream is none of a chat completion: its `choices` is no list"))
        for choice in choices or ():
            self._choice(choice)
        return False

    def take_whole(self, value: Mapping[str, object], message: Mapping[str, object], finish: object) -> None:
        """Take in an answer that came in one piece although a stream was asked for. Raises NoPlan."""
        self._take_facts(value)
        calls = message.get("tool_calls")
        if isinstance(calls, list):  # whole ones, whatever their ids
            calls = [{**call, "index": place} if isinstance(call, Mapping) else call for place, call in enumerate(calls)]
        self._delta({**message, "tool_calls": calls})
        self._finished(finish)
        self._is_over = True  # its JSON is whole, whether or not it says why it ends

    def result(self) -> tuple[str, tuple[Call, ...]]:
        """The words and the calls, each with the id that the server gave it. Raises NoPlan where the turn is no good one."""
        self._voice.end()
        if self._is_over or self._refusal:
            ended = stopped({"finish_reason": self.finish}, {"refusal": "".join(self._refusal), "content": self._voice.words})
            if ended is not None:
                raise NoPlan(ended)
        if not self._is_over:
            raise NoPlan(Reply(outcome=Outcome.TRUNCATED, reason=_CUT_OFF) if self._has_begun else _failed(_NOTHING))
        calls = tuple(_whole(call) for call in sorted(self._calls, key=lambda call: call.place))
        if not calls and not self._voice.words.strip():
            raise NoPlan(_malformed("the model's answer is empty"))
        return self._voice.words, calls

    def _take_facts(self, value: Mapping[str, object]) -> None:
        """What the server says of the answer; of several counts of tokens the last is of the whole."""
        tokens, model = tokens_of(value.get("usage")), value.get("model")
        self.tokens = self.tokens if tokens is None else tokens
        self.model = model if isinstance(model, str) and model else self.model

    def _choice(self, choice: object) -> None:
        if not isinstance(choice, Mapping):
            raise NoPlan(_malformed("the server's stream is none of a chat completion: a choice in it is no object"))
        if choice.get("index") not in (0, None):
            raise NoPlan(_malformed("the server gave several answers to one question"))
        delta = choice.get("delta")
        if not isinstance(delta, Mapping | None):
            raise NoPlan(_malformed("the server's stream is none of a chat completion: a `delta` in it is no object"))
        self._delta(delta or {})
        self._finished(choice.get("finish_reason"))

    def _finished(self, word: object) -> None:
        """Take in why the answer ends, where the server says so. A bad reason is not forgotten over a good one."""
        if not isinstance(word, str | None):
            raise NoPlan(_malformed("the server's answer is no chat completion: its `finish_reason` is no text"))
        if word:
            was_stopped = self.finish and stopped({"finish_reason": self.finish}, {}) is not None
            self.finish = self.finish if was_stopped else word
            self._is_over = True

    def _delta(self, delta: Mapping[str, object]) -> None:
        words, refusal, calls = text_of(delta.get("content")), delta.get("refusal"), delta.get("tool_calls")
        if words is None or not isinstance(refusal, str | None):
            raise NoPlan(_malformed("the model's content is no text"))
        if not isinstance(calls, list | None) or _is_said(delta.get("function_call")):
            raise NoPlan(_malformed("the model calls tools in a form that is not known"))
        if self._is_over and (words or refusal or calls):
            raise NoPlan(_malformed("the server's stream goes on after the answer's end"))
        if refusal:
            self._refusal.append(refusal)
        for fragment in calls or ():
            self._fragment(fragment)
        if words:
            self._voice.say(words)

    def _fragment(self, fragment: object) -> None:
        """Take in a part of a call."""
        function = fragment.get("function") if isinstance(fragment, Mapping) else None
        if not isinstance(fragment, Mapping) or not isinstance(function, Mapping):
            raise NoPlan(_malformed("the model calls tools in a form that is not known"))
        name, arguments, id_ = function.get("name"), function.get("arguments"), fragment.get("id")
        if not isinstance(name, str | None) or not isinstance(arguments, str | None):
            raise NoPlan(_malformed("the name or the arguments of a call are no text"))
        call = self._call(_place(fragment.get("index")), id_ if isinstance(id_, str) else "", name or "")
        if name and call.name not in ("", name):
            raise NoPlan(_malformed("the server's stream gives one call two names"))
        call.name = call.name or name or ""
        call.arguments.append(arguments or "")
        call.size += len(arguments or "")
        if call.size > MAX_ARGUMENTS:
            raise NoPlan(_malformed(f"the arguments of a call hold more than {MAX_ARGUMENTS:,} characters"))

    def _call(self, place: int | None, id_: str, name: str) -> _Call:
        """The call that a fragment belongs to, a new one where it begins one.

        Servers number the calls, or do not, or give each the number 0 and an id of its own: a fragment with a name and an id
        that is not known begins a call. Some give each fragment another id; those hold no name.
        """
        if place is None:
            found = next((call for call in self._calls if id_ and call.id == id_), None)
            if found is None and not name and self._calls:
                found = self._calls[-1]
        else:
            found = next((call for call in reversed(self._calls) if call.place == place), None)
            if found is not None and name and id_ and found.id and found.id != id_:
                found = next((call for call in self._calls if call.id == id_), None)
        return found or self._new_call(place, id_, name)

    def _new_call(self, place: int | None, id_: str, name: str) -> _Call:
        if len(self._calls) == MAX_TURN_CALLS:
            raise NoPlan(_malformed(f"the model makes more than {MAX_TURN_CALLS} calls at once"))
        after = max((call.place for call in self._calls), default=-1) + 1
        self._calls.append(_Call(place=after if place is None else place, id=id_, name=name))
        return self._calls[-1]


def whole_characters(text: str) -> str:
    """*text* with characters that came in two halves put together, and a sign in place of a half that is alone."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _whole(call: _Call) -> Call:
    """*call* once all of it came. Raises NoPlan for one that cannot be stored or sent back as what it is."""
    arguments = "".join(call.arguments)
    if not call.name.strip() or len(call.name) > MAX_NAME:
        raise NoPlan(_malformed("a call names no tool" if not call.name.strip() else "the name that a call gives is too long"))
    try:
        arguments = arguments.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        _ = call.name.encode()
    except UnicodeError:
        raise NoPlan(_malformed("a call holds half a character")) from None
    usable = call.id.isascii() and call.id.isprintable() and len(call.id) <= MAX_ID and " " not in call.id
    return Call(id=call.id if usable else "", name=call.name, arguments=arguments)


def _is_said(old: object) -> bool:
    """Whether something stands in *old*, the form of a call before there were tools. Some servers send an empty one."""
    return any(old.values()) if isinstance(old, Mapping) else bool(old)


def _place(index: object) -> int | None:
    """Which call a fragment says that it belongs to."""
    if index is None:
        return None
    if type(index) is not int or index < 0:
        raise NoPlan(_malformed("the server's stream numbers calls with something that is no number"))
    return index


def _malformed(reason: str) -> Reply:
    return Reply(outcome=Outcome.MALFORMED, reason=reason)


def _failed(reason: str, text: str = "") -> Reply:
    return Reply(outcome=Outcome.PROVIDER_ERROR, reason=reason, text=text)
