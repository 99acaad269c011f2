"""Power cuts: a recorded run is cut off after every operation, and a fresh process goes on from what the disk may hold then."""

import hashlib
import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from signoff.audit import Status
from signoff.errors import SignoffError
from tests.receiver import Receiver

from .checking import Outcome
from .disk import Disk, images
from .jobs import Ended, Job
from .processes import Zygote
from .recording import Acknowledged, Begun, Received, Recorded
from .sweeping import Crash, look_at, look_outside_at
from .world import World, opened, receiver_of

STARTED = frozenset({Status.EXECUTING, Status.DONE, Status.FAILED, Status.IN_DOUBT})
NOTHING = Received(notices="")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known outside the disk at some moment."""

    acknowledged: tuple[str, ...] = ()  # the digests of the Entries that somebody relies on
    begun: frozenset[str] = frozenset()  # the keys of the effects that had begun
    received: Received = NOTHING

    def and_then(self, told: Acknowledged | Begun | Received) -> "Known":
        """What is known once that was *told*, too."""
        match told:
            case Acknowledged():
                return replace(self, acknowledged=told.entries)
            case Begun():
                return replace(self, begun=self.begun | {told.key})
            case Received():
                return replace(self, received=told)


@dataclass(frozen=True, kw_only=True)
class Image:
    """What a power cut may leave."""

    at: int  # after so much of what was recorded
    files: Mapping[str, bytes]
    known: Known

    def lay(self, database: Path, port: int | None) -> None:
        """Make the folder of *database* hold it, and the receivers what they had got. *port*: of those in another process."""
        shutil.rmtree(database.parent, ignore_errors=True)
        database.parent.mkdir()
        for name, content in self.files.items():
            (database.parent / name).write_bytes(content)
            (database.parent / name).chmod(0o600)  # as whoever made it gave it: keys that others may read are refused
        if self.known.received.notices:
            database.with_suffix(".received").write_text(self.known.received.notices)
        if port is not None:
            database.with_suffix(".port").write_text(str(port))
            receiver_at(database).set(self.known.received.effects, self.known.received.requests)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a fresh process made of an image."""

    lost: frozenset[str]  # effects that had begun, and of which the log does not tell so
    problems: tuple[str, ...]
    crash: Crash | None  # how it went on; None where the file could not be opened


def record(zygote: Zygote, job: Job) -> tuple[Ended, list[Recorded]]:
    """Do *job* in a process: what became of it, and what it did."""
    recording = Path(job.database).with_suffix(".recording")
    (ended,) = zygote.run(replace(job, record=str(recording)))
    recorded: list[Recorded] = pickle.loads(recording.read_bytes())
    recording.unlink()
    return ended, recorded


def files_of(database: Path) -> dict[str, bytes]:
    """The database and what stands beside it under its name, but what SQLite makes anew."""
    found = database.parent.glob(f"{database.name}*")
    return {path.name: path.read_bytes() for path in found if not path.name.endswith("-shm")}


def cut_anywhere(before: Mapping[str, bytes], recorded: Sequence[Recorded], draw: "Draw") -> Iterator[Image]:
    """What power cuts may leave of a run that started from the files *before*: after each operation, each image once."""
    disk, known, random = Disk(before), Known(), Random(SEED)
    told = 0  # how often what is known has grown: the same files are another image then, as more must be in them
    seen: set[tuple[int, bytes]] = set()
    for at, one in enumerate(recorded):
        if isinstance(one, Acknowledged | Begun | Received):
            known, told = known.and_then(one), told + 1
        else:
            disk.apply(one)
        for files in images(disk, random, draw.several):
            digest = hashlib.sha256(pickle.dumps(files)).digest()
            if (told, digest) not in seen:
                seen.add((told, digest))
                if random.random() < draw.share:
                    yield Image(at=at, files=files, known=known)


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How many images are drawn."""

    several: int  # for each operation, beside those with all and with nothing of what is pending
    share: float = 1.0  # of them all


SHORT, LONG = Draw(several=1, share=0.15), Draw(several=16)
SEED = 20_261_121  # of the generator that draws them


def judge(image: Image, database: Path, plan: str, whole: Outcome, port: int | None = None) -> Verdict:
    """Start on an *image*, with whatever the receivers had got; go on with it to its end, and compare with a *whole* life."""
    image.lay(database, port)
    look = look_at if port is None else look_outside_at
    try:
        with opened(database) as world:
            lost = image.known.begun - started(world)
            problems = [*_lost_entries(world, image.known), *(f"the intent of {key} is lost" for key in sorted(lost))]
            crash = look(world, plan, f"operation {image.at}", whole)
    except SignoffError as error:
        return Verdict(lost=frozenset(), problems=(f"{type(error).__name__}: {error}",), crash=None)
    return Verdict(lost=lost, problems=(*problems, *crash.problems), crash=crash)


def started(world: World) -> frozenset[str]:
    """The keys of the actions that are being executed, or were."""
    plans = [world.engine.plan(id_) for id_ in world.plans()]
    return frozenset(action.key for plan in plans for action in plan.actions if action.status in STARTED)


def known_at_last(recorded: Sequence[Recorded]) -> Known:
    """What is known at the end of a run."""
    known = Known()
    for one in recorded:
        if isinstance(one, Acknowledged | Begun | Received):
            known = known.and_then(one)
    return known


def receiver_at(database: Path) -> Receiver:
    """The receiver in a process of its own, which *database* has."""
    found = receiver_of(database)
    assert found is not None
    return found


def _lost_entries(world: World, known: Known) -> Iterator[str]:
    """Nothing that was acknowledged is lost: the log begins with all of it."""
    with world.store.read() as tx:
        entries = tuple(entry.hash.hex() for entry in tx.entries())
    if entries[: len(known.acknowledged)] != known.acknowledged:
        yield f"{len(known.acknowledged)} entries were acknowledged, and of {len(entries)} there are others or fewer"
