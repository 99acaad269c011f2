"""Verification of an export: with a public key alone, no database, no secret and no network.

Every file of the folder is hostile: it is read with a bound, no link is followed, and nothing is believed but what the
signed checkpoint vouches for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signoff.canonical import Json, digest, parse
from signoff.errors import LogInvalid, UsageError

from .checkpoints import Kept, kept_problems
from .export_files import (
    ACTIONS,
    CHECKPOINT,
    ENTRIES,
    MANIFEST,
    POLICIES,
    PROOFS,
    TABLE,
    Table,
    file_hash,
    file_problems,
    lines,
    names_in,
    read_manifest,
)
from .exporting import named_policies
from .files import read_file
from .log import START, entry_hash, leaf_hash
from .notes import MAX_NOTE, Checkpoint, PublicKey, read_checkpoint, read_hash
from .records import SYSTEM
from .rotation import ROTATED, KeyHistory, Rotation, history, read_rotation
from .tree import Frontier, check_inclusion, roots_at

MAX_PROBLEMS = 1_000  # that are told; more are counted
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OSError, UsageError, LogInvalid)


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What the verification of an export found."""

    origin: str
    entries: int
    plans: int
    plan: str | None  # of which alone the export is
    checkpoint: Checkpoint | None  # None where it could not be read
    key: str  # which signed the checkpoint
    extended: tuple[int, ...]  # sizes of the earlier checkpoints with which it begins
    problems: tuple[str, ...]
    blind_spots: tuple[str, ...]


@dataclass(kw_only=True)
class _Problems:
    """What is wrong, as far as it is told."""

    told: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, problem: str) -> None:
        if len(self.told) < MAX_PROBLEMS:
            self.told.append(problem)
        else:
            self.more += 1

    def all(self) -> tuple[str, ...]:
        return (*self.told, *([f"and {self.more} more problems"] if self.more else []))


@dataclass(kw_only=True)
class _Log:
    """What the lines of an export's Entries tell, one after the other."""

    problems: _Problems
    plan: str | None  # of which alone the export is
    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # of each chain its length and last hash
    count: int = 0
    rotations: list[Rotation] = field(default_factory=list)
    actions: set[Json] = field(default_factory=set)  # digests that Entries name
    policies: set[Json] = field(default_factory=set)

    def read(self, body: bytes) -> dict[str, Json]:
        """Check the next Entry, and return what it tells; nothing where it cannot be read."""
        self.count += 1
        try:
            told = parse(body)
            self._follow(told, body)
            self._note(told)
        except _UNREADABLE as error:
            self.problems.add(f"line {self.count} of {ENTRIES} is no entry as it was written: {error}")
            return {}
        return told

    def _follow(self, told: Mapping[str, Json], body: bytes) -> None:
        chain, number, place = str(told["chain"]), told["number"], told["place"]
        length, head = self.heads.get(chain, (0, START))
        if type(number) is not int or type(place) is not int:
            raise ValueError("its number and its place are no numbers")
        if self.plan is None and number != self.count:
            self.problems.add(f"entry {self.count} is missing or was moved: line {self.count} holds entry {number}")
        if self.plan is None or chain == self.plan:
            if place != length + 1:
                self.problems.add(f"entry {number} is {chain} {place}, and {chain} {length + 1} was to come")
            if told["previous"] != head.hex():
                self.problems.add(
                    f"entry {number} does not follow the entry before it in {chain}: one was edited, removed or reordered"
                )
        elif told["event"] != ROTATED:
            self.problems.add(f"entry {number} is of {chain}, and the export is of {self.plan}")
        self.heads[chain] = (place, entry_hash(body))

    def _note(self, told: dict[str, Json]) -> None:
        data = told["data"]
        if told["chain"] == SYSTEM and told["event"] == ROTATED and isinstance(data, dict):
            self.rotations.append(read_rotation(int(str(told["number"])), data))
        elif told["chain"] != SYSTEM and isinstance(data, dict) and "digest" in data:
            self.actions.add(data["digest"])
        self.policies |= named_policies(told) - {None}


def verify_export(folder: Path, trusted: PublicKey, kept: Sequence[Kept] = ()) -> Audited:
    """Check the export in *folder* with a public key of its log, and that it begins with all that was *kept*.

    Raises UsageError where there is no folder.
    """
    if not folder.is_dir():
        raise UsageError(f'"{folder}" is no folder; name one that `signoff audit export` wrote')
    problems = _Problems()
    try:
        manifest = read_manifest(folder)
        checkpoint = read_checkpoint(read_file(folder / CHECKPOINT, MAX_NOTE))
        for problem in file_problems(folder, manifest):
            problems.add(problem)
        plan = manifest["plan"] if isinstance(manifest["plan"], str) else None
        log = _Log(problems=problems, plan=plan)
        roots, grown = _read_entries(folder, log, checkpoint, [*kept, Kept(where=CHECKPOINT, checkpoint=checkpoint)])
        _check_named(folder, log, problems)
        keys = _keys(trusted, log)
        _check_head(checkpoint, keys, manifest, log, problems)
        extended = _check_kept(kept, roots, grown, checkpoint, keys, problems, plan)
    except _UNREADABLE as error:
        problems.add(f"the export cannot be read as it was written: {error}")
        return _nothing(trusted, problems)
    return Audited(
        origin=checkpoint.origin,
        entries=log.count,
        plans=len(log.heads.keys() - {SYSTEM}),
        plan=plan,
        checkpoint=checkpoint,
        key=str(keys.at(checkpoint.size)),
        extended=extended,
        problems=problems.all(),
        blind_spots=tuple(_blind_spots(folder, log, checkpoint, kept)),
    )


def _nothing(trusted: PublicKey, problems: _Problems) -> Audited:
    """What was found of an export that cannot be read."""
    return Audited(
        origin=trusted.name,
        entries=0,
        plans=0,
        plan=None,
        checkpoint=None,
        key=str(trusted),
        extended=(),
        problems=problems.all(),
        blind_spots=(),
    )


def _read_entries(
    folder: Path, log: _Log, checkpoint: Checkpoint, wanted: Iterable[Kept]
) -> tuple[dict[int, bytes], Frontier | None]:
    """Check every Entry; of a whole log the roots at the sizes that are *wanted*, and its frontier."""
    leaves = _leaves(folder, log)
    if log.plan is None:
        grown, roots = roots_at(leaves, [one.checkpoint.size for one in wanted])
        return roots, grown
    for leaf, line in zip(leaves, lines(folder / PROOFS), strict=True):
        try:
            _check_proof(leaf, parse(line), checkpoint)
        except _UNREADABLE as error:
            log.problems.add(f"line {log.count} of {ENTRIES} is not shown to be an entry of the log: {error}")
    return {}, None


def _check_proof(leaf: bytes, proof: Mapping[str, Json], checkpoint: Checkpoint) -> None:
    number, hashes = proof["number"], proof["hashes"]
    if type(number) is not int or not isinstance(hashes, list) or len(proof) != 2:
        raise ValueError("its proof is none")
    check_inclusion(leaf, number - 1, checkpoint.size, [read_hash(str(one)) for one in hashes], checkpoint.root)


def _leaves(folder: Path, log: _Log) -> Iterator[bytes]:
    """The leaf of each line of the Entries, checked, also against the table where there is one."""
    with Table(folder / TABLE) as table:
        for body in lines(folder / ENTRIES):
            table.compare(log.read(body))
            yield leaf_hash(body)
    if table.problem:
        log.problems.add(table.problem)


def _check_named(folder: Path, log: _Log, problems: _Problems) -> None:
    """That the actions and policies are those that the Entries name by digest."""
    for number, body in enumerate(lines(folder / ACTIONS), 1):
        if digest(body) not in log.actions:
            problems.add(f"line {number} of {ACTIONS} is an action that no entry names: it was altered")
        log.actions.discard(digest(body))
    for name in sorted(one for one in names_in(folder) if one.startswith(f"{POLICIES}/")):
        found, _ = file_hash(folder / name)
        if f"{POLICIES}/{found}" != name or found not in log.policies:
            problems.add(f"{name[:80]} is not a policies file that an entry names: it was altered")
        log.policies.discard(found)


def _keys(trusted: PublicKey, log: _Log) -> KeyHistory:
    """The keys of the log, as its Entries tell them; where they do not, the one that is trusted."""
    try:
        return history(trusted, log.rotations)
    except ValueError as error:
        log.problems.add(f"the keys of the log cannot be followed: {error}")
        return history(trusted, ())


def _check_head(checkpoint: Checkpoint, keys: KeyHistory, manifest: Mapping[str, Json], log: _Log, problems: _Problems) -> None:
    try:
        keys.check(checkpoint)
    except ValueError as error:
        problems.add(f"the checkpoint is not to be believed: {error}")
    told = (manifest["origin"], manifest["public_key"], manifest["entries"])
    if told != (checkpoint.origin, str(keys.at(checkpoint.size)), log.count):
        problems.add(f"{MANIFEST} tells another origin, key or number of entries than the files")


def _check_kept(
    kept: Sequence[Kept],
    roots: dict[int, bytes],
    grown: Frontier | None,
    checkpoint: Checkpoint,
    keys: KeyHistory,
    problems: _Problems,
    plan: str | None,
) -> tuple[int, ...]:
    """That the checkpoint stands for these Entries, and goes on from what was kept: the sizes of that."""
    if grown is None:
        roots = {checkpoint.size: checkpoint.root}
        kept = [one for one in kept if one.checkpoint.size >= checkpoint.size]
    elif grown.size != checkpoint.size:
        problems.add(f"the checkpoint stands for {checkpoint.size} entries, and there are {grown.size}")
    elif grown.root() != checkpoint.root:
        problems.add("the entries are not those of the checkpoint: one was altered, or the checkpoint is of another log")
    size = checkpoint.size if grown is None else grown.size
    found = list(kept_problems(kept, roots, size, keys))
    for problem in found:
        problems.add(problem)
    return () if found else tuple(one.checkpoint.size for one in kept)


def _blind_spots(folder: Path, log: _Log, checkpoint: Checkpoint, kept: Sequence[Kept]) -> Iterator[str]:
    yield f"what was recorded after entry {checkpoint.size}, and whether it was removed, before the next checkpoint was seen"
    if not kept:
        yield (
            "whether the whole log was rewritten by somebody who has its key: "
            "keep the checkpoint elsewhere, and name it with --checkpoint next time"
        )
    elif log.plan is not None:
        yield "whether the log goes on from earlier checkpoints: only an export of the whole log shows that"
    if log.plan is not None:
        yield f"whether {log.plan} has entries after the last one shown"
    if log.actions:
        yield f"what {len(log.actions)} actions were that entries name by digest: they are not in the export"
    if log.policies:
        yield f"what {len(log.policies)} policies files said that entries name by digest: they are not in the export"
    yield "whether what was recorded is what happened outside, and what the tables of the actions themselves hold"
