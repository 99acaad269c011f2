"""One thread, one seed, one loop: who does what next, when time goes by, what fails and what arrives."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from signoff.canonical import Json
from signoff.errors import Busy, ClockError, DatabaseError, LogInvalid, NotDone, OutcomeUnknown, PolicyChanged, Refused
from signoff.policies import Policy
from signoff.testing import CountingIds

from .bank import policies
from .process import Crash, Fails, Fault, Process
from .receiver import SKEW, Receiver, Request
from .verbs import VERBS

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PROCESSES = 4
DEEP = 3  # processes that stand inside others, at most
SPANS = ((50, 1), (30, 40), (12, 600), (6, 7_200), (2, 40_000))  # seconds that go by, each with how often
ANSWERS = ((8, "well"), (2, "refuse"), (2, "lose"), (3, "drop"), (3, "delay"), (2, "end before"), (2, "end after"))


class Simulation:
    """A world of its own over one real file."""

    def __init__(self, seed: int, database: Path, steps: int) -> None:
        self.random = Random(seed)
        self.database = database
        self.now = START  # the true time
        self.ids = CountingIds()
        self.receiver = Receiver()
        self.file: Policy = policies()[0]  # as everybody would read it now
        self.told: list[str] = []  # what happened, for whoever looks for a mistake
        self.left = steps
        self.faults = True
        self.acknowledged: list[tuple[str, ...]] = []
        self._sent: datetime | None = None  # when the call that runs now began
        self._stack: list[Process] = []  # who does something; the last one does it now
        self.processes = [Process(self, f"p{number}") for number in range(PROCESSES)]

    def end(self) -> None:
        """End all processes."""
        for process in self.processes:
            process.end()

    def step(self) -> None:
        """One thing happens."""
        self.left -= 1
        ways: list[tuple[int, Callable[[], None]]] = [
            (60, self._act),
            (14, lambda: self.pass_time(timedelta(seconds=self.one_of(SPANS)))),
            (10, self._arrive),
            (6, self._hung_call),
            (5, self._change_clock),
            (3, self._kill),
            (3, self._edit_file),
        ]
        self.one_of(ways)()

    def interleave(self) -> None:
        """Something else happens here, or nothing."""
        while self.faults and self.left > 0 and len(self._stack) <= DEEP and self.chance(0.12):
            self.step()

    def act(self, process: Process, verb: Callable[[], object], fault: Fault | None = None) -> bool:
        """Let *process* do *verb*, and return whether that succeeded. Whatever it may not raise is a mistake."""
        self._stack.append(process)
        try:
            if not process.alive:
                process.start()
            process.fault = fault
            verb()
        except Crash:
            self.tell("  ended")
        except Exception as error:
            self.expect(process, error)
        else:
            return True
        finally:
            self._stack.pop()
            process.fault = None
            if not process.alive and process not in self._stack:
                process.end()
        return False

    def expect(self, process: Process, error: Exception) -> None:
        """Raise *error* again where nothing explains it. After a commit of which nobody knows, the process ends."""
        self.tell(f"  {type(error).__name__}: {error}")
        failed = process.fault is not None and process.fault.met
        if isinstance(error, LogInvalid) or not isinstance(
            error, (Refused, Busy, PolicyChanged, ClockError, *((DatabaseError, OutcomeUnknown) if failed else ()))
        ):
            raise error
        if isinstance(error, OutcomeUnknown):
            process.kill()

    def pass_time(self, span: timedelta) -> None:
        """Let time go by; hearts beat meanwhile, or do not."""
        self.now += span
        self.tell(f"time {self.now:%d %H:%M:%S}")
        for process in self.processes:
            if process.alive and process.beats and self.chance(0.6):
                process.beat()

    # -- what actions find outside

    def send(self, key: str, kind: str) -> Json:
        """What comes of a request, as the seed will have it."""
        sent, self._sent = self._sent or self.now, None
        process, request = self._stack[-1], Request(key=key, kind=kind, sent=sent)
        process.pause()
        answer = self.one_of(ANSWERS) if self.faults else "well"
        self.tell(f"  {kind} {key[:6]}: {answer}")
        match answer:
            case "refuse" if self.receiver.says(key) is False:
                raise NotDone("nobody there")
            case "end before":
                process.crash()
            case "delay":
                self.receiver.on_the_way.append(request)
                process.pause()
                raise TimeoutError("no answer yet")
            case "lose":
                raise ConnectionError("no answer")
        arrived = self.receiver.arrive(request, self.now)
        process.pause()
        if answer == "end after":
            process.crash()
        if answer == "drop" or not arrived:
            raise ConnectionError("no answer")
        return "well"

    def asked(self, key: str) -> bool | None:
        """What the receiver says of *key*: the truth, where it says something."""
        self._sent = None
        process = self._stack[-1]
        process.pause()
        if self.faults and self.chance(0.15):
            raise ConnectionError("no answer")
        says = self.receiver.says(key)
        self.tell(f"  asked {key[:6]}: {says}")
        process.pause()
        return says

    def call(self, work: Callable[[], Any]) -> "SimulatedCall":
        """In the place of a thread: *work* is done at once, or hangs."""
        return SimulatedCall(self, self._stack[-1], work, hangs=self.faults and self.chance(0.12))

    def run_call(self, process: Process, work: Callable[[], Any], began: datetime) -> Any:
        """Do *work* for *process*, which began then."""
        self._stack.append(process)
        self._sent = began
        try:
            return work()
        finally:
            self._sent = None
            self._stack.pop()

    # -- what happens by itself

    def _act(self) -> None:
        idle = [process for process in self.processes if process not in self._stack]
        if not idle:
            return
        process, (name, verb) = self.random.choice(idle), self.one_of(VERBS)
        fault = self._draw_fault()
        self.tell(f"{process.name} {name}" + (f", {fault.kind.value} ({fault.left})" if fault else ""))
        self.act(process, partial(verb, self, process), fault)

    def _draw_fault(self) -> Fault | None:
        if not self.faults or not self.chance(0.3):
            return None
        kind = self.random.choice(list(Fails))
        few = kind not in (Fails.BEFORE, Fails.AFTER, Fails.READ_ERROR)
        return Fault(kind=kind, left=self.random.randrange(4 if few else 90))

    def _arrive(self) -> None:
        if self.receiver.on_the_way:
            request = self.receiver.on_the_way.pop(self.random.randrange(len(self.receiver.on_the_way)))
            arrived = self.receiver.arrive(request, self.now)
            self.tell(f"{request.kind} {request.key[:6]} {'arrives' if arrived else 'is lost'}")

    def _hung_call(self) -> None:
        hanging = [(process, call) for process in self.processes for call in process.hanging]
        if hanging:
            process, call = self.random.choice(hanging)
            self.tell(f"{process.name}: a call goes on")
            process.hanging.remove(call)
            with suppress(Crash):
                call()
            if not process.alive and process not in self._stack:
                process.end()

    def _change_clock(self) -> None:
        process = self.random.choice(self.processes)
        if self.chance(0.3):
            process.stands = process.clock()
        else:
            process.stands, process.skew = None, SKEW * self.random.uniform(-1, 1)

    def _kill(self) -> None:
        process = self.random.choice(self.processes)
        if process not in self._stack[-1:]:
            self.tell(f"{process.name} is killed")
            process.kill()
            if process not in self._stack:
                process.end()

    def _edit_file(self) -> None:
        self.file = self.random.choice(policies())
        self.tell(f"the rules are {self.file.digest[:6]}")

    # -- drawing

    def chance(self, often: float) -> bool:
        """Whether something happens that happens so often."""
        return self.random.random() < often

    def one_of(self, ways: "Any") -> Any:
        """One of *ways*, each with how often it comes."""
        weights = [weight for weight, *_ in ways]
        _, *found = self.random.choices(ways, weights)[0]
        return found[0] if len(found) == 1 else found

    def tell(self, what: str) -> None:
        """Remember what happened."""
        self.told.append("  " * len(self._stack) + what)


class SimulatedCall:
    """A call that may hang, in the place of one in a thread."""

    def __init__(self, simulation: Simulation, process: Process, work: Callable[[], Any], *, hangs: bool) -> None:
        self._simulation = simulation
        self._process = process
        self._work = work
        self._began = simulation.now
        self._given: list[Any] = []
        if hangs:
            process.hanging.append(self._run)
        else:
            self._run()

    def _run(self) -> None:
        self._given.append(self._simulation.run_call(self._process, self._work, self._began))

    def ended(self, timeout: float = 0) -> bool:
        """Whether it has ended, once so many seconds have passed where it did not."""
        if not self._given and timeout:
            self._process.sleep(timeout)
        return bool(self._given)

    def result(self) -> Any:
        """What it gave."""
        return self._given[0]
