"""The power is cut after every operation on the disk, and a fresh process goes on from every image that may be found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from signoff.audit import Reading, Store, schema
from signoff.audit.database import Database

from .disk import Disk, Opened, Synced, all_of_it
from .jobs import Job
from .power import LONG, SHORT, Draw, Image, Verdict, cut_anywhere, files_of, judge, record
from .processes import Zygote
from .recording import Acknowledged, Begun, Received, Recorded
from .sweeping import copy_world, whole_life
from .world import opened, registry_of

LIFE = Job(verb="live")
OLD = (3, 40, 1)  # a SQLite whose write-ahead log is not safe
DRAWS = [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.long)]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that was recorded."""

    plan: str
    folder: Path
    before: dict[str, bytes]
    recorded: list[Recorded]
    template: Path  # a database in which nothing was asked for yet

    def images(self, draw: Draw) -> "list[Image]":
        """What power cuts may leave of it."""
        return list(cut_anywhere(self.before, self.recorded, draw))

    def judged(self, draw: Draw, port: int | None = None) -> Iterator[Verdict]:
        """What fresh processes make of that."""
        whole = whole_life(self.template, self.folder / "whole", self.plan)
        for image in cut_anywhere(self.before, self.recorded, draw):
            yield judge(image, self.folder / "image" / "signoff.db", self.plan, whole, port)


Recording = Callable[..., Run]


@pytest.fixture
def recording(zygote: Zygote, new_bank: Path, tmp_path: Path) -> Recording:
    """Records the life of a plan, and sees to it that the recording is whole."""

    def run(plan: str, template: Path = new_bank, *, new: bool = False, job: Job = LIFE) -> Run:
        made = copy_world(template, tmp_path / "run")
        for path in made.parent.iterdir() if new else ():
            path.unlink()
        before = files_of(made)
        ended, recorded = record(zygote, replace(job, database=str(made), plan=plan))
        assert (ended.signal, ended.error) == (None, None), ended
        assert replayed(before, recorded) == files_of(made)
        return Run(plan=plan, folder=tmp_path, before=before, recorded=recorded, template=template)

    return run


def replayed(before: dict[str, bytes], recorded: list[Recorded]) -> dict[str, bytes]:
    """What the files hold when all of it was done."""
    disk = Disk(before)
    for one in recorded:
        if not isinstance(one, Acknowledged | Begun | Received):
            disk.apply(one)
    return disk.image(all_of_it)


def problems(verdicts: list[Verdict]) -> list[tuple[str, ...]]:
    """What went wrong."""
    return [verdict.problems for verdict in verdicts if verdict.problems]


def interrupted(verdicts: list[Verdict]) -> set[tuple[int, ...]]:
    """The actions that were found to be executed in some image."""
    return {verdict.crash.interrupted for verdict in verdicts if verdict.crash}


@pytest.mark.parametrize("draw", DRAWS)
def test_read_and_local_actions(recording: Recording, draw: Draw) -> None:
    """READ and LOCAL actions are done once, whenever the power is cut, and what was acknowledged stands."""
    verdicts = list(recording("bank").judged(draw))
    assert problems(verdicts) == []
    assert {verdict.crash.accepted for verdict in verdicts if verdict.crash} == {False, True}


@pytest.mark.parametrize("draw", DRAWS)
def test_opaque_actions(recording: Recording, draw: Draw) -> None:
    """No intent to have an OPAQUE effect that had begun is lost, so it never happens twice."""
    verdicts = list(recording("notices").judged(draw))
    assert problems(verdicts) == []
    assert interrupted(verdicts) == {(), (1,), (2,), (4,)}


@pytest.mark.parametrize("draw", DRAWS)
def test_effects_outside(recording: Recording, new_outside: Path, receiver_port: int, draw: Draw) -> None:
    """IDEMPOTENT and PROBE effects happen once, whenever the power is cut, and OPAQUE ones never twice."""
    verdicts = list(recording("outside", new_outside).judged(draw, receiver_port))
    assert problems(verdicts) == []
    assert interrupted(verdicts) >= {(), (1,), (1, 3), (3,), (2,), (5,)}


@pytest.mark.parametrize("draw", DRAWS)
def test_a_new_database(recording: Recording, draw: Draw) -> None:
    """A database that is being made when the power is cut is made by the next process; nothing of it is in the way."""
    verdicts = list(recording("bank", new=True).judged(draw))
    assert problems(verdicts) == []


@pytest.mark.parametrize("draw", DRAWS)
def test_a_migration(recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draw: Draw) -> None:
    """A database of an earlier version that is being migrated when the power is cut is one of either version, and goes on."""
    older = tmp_path / "older" / "signoff.db"
    older.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SCHEMA", schema.SCHEMA[:-1])
        patch.setattr(Reading, "stray_conversations", lambda _: [])  # a table of the newest version
        schema.own_schema.cache_clear()
        try:
            Store.open(older, migrations=registry_of().migrations).close()
        finally:
            schema.own_schema.cache_clear()
    run = recording("notices", older)
    newest = schema.SCHEMA[-1][0].encode()
    assert newest not in run.before["signoff.db"]
    assert newest in replayed(run.before, run.recorded)["signoff.db"]
    assert problems(list(run.judged(draw))) == []


@pytest.mark.parametrize("draw", DRAWS)
def test_checkpoints(recording: Recording, draw: Draw) -> None:
    """While the write-ahead log is put into the database and begun anew, again and again, a power cut loses nothing either."""
    run = recording("notices", job=replace(LIFE, pragma="wal_autocheckpoint = 8"))
    (number,) = {one.file for one in run.recorded if isinstance(one, Opened) and one.name == "signoff.db"}
    assert run.recorded.count(Synced(file=number)) > 3
    verdicts = list(run.judged(draw))
    assert problems(verdicts) == []
    assert interrupted(verdicts) == {(), (1,), (2,), (4,)}


@pytest.fixture
def old_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite is taken for one whose write-ahead log is not safe."""
    configure = Database._configure
    monkeypatch.setattr(Database, "_configure", lambda made, _, *, create: configure(made, OLD, create=create))


@pytest.fixture
def journaled(old_sqlite: None, tmp_path: Path) -> Path:
    """A database in which nothing was asked for yet, with a rollback journal."""
    path = tmp_path / "journal" / "signoff.db"
    path.parent.mkdir()
    with opened(path):
        return path


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("new", [False, True], ids=["there", "new"])
@pytest.mark.usefixtures("old_sqlite")
def test_the_rollback_journal(recording: Recording, journaled: Path, new: bool, draw: Draw) -> None:
    """The same holds for the rollback journal, which an older SQLite is given, also while its file is made."""
    run = recording("notices", journaled, new=new, job=replace(LIFE, version=OLD))
    assert not any("signoff.db-wal" in image.files for image in run.images(SHORT))
    verdicts = list(run.judged(draw))
    assert problems(verdicts) == []
    assert interrupted(verdicts) == {(), (1,), (2,), (4,)}


def test_without_flushes_intents_are_lost(recording: Recording) -> None:
    """With synchronous = NORMAL the same images show lost intents, effects that happen twice and lost answers."""
    verdicts = list(recording("notices", job=replace(LIFE, pragma="synchronous = NORMAL")).judged(SHORT))
    assert any(verdict.lost for verdict in verdicts)
    told = [problem for verdict in verdicts for problem in verdict.problems]
    assert any("its effect began 2 and ended 2 times" in problem or "which no action sent" in problem for problem in told)
    assert any("entries were acknowledged" in problem for problem in told)


@pytest.mark.usefixtures("old_sqlite")
def test_a_journal_that_comes_back_is_seen(recording: Recording, journaled: Path) -> None:
    """With synchronous = FULL a rollback journal comes back after a power cut and undoes an intent: so EXTRA is needed."""
    job = replace(LIFE, version=OLD, pragma="synchronous = FULL")
    assert any(verdict.lost for verdict in recording("notices", journaled, job=job).judged(replace(SHORT, share=1.0)))


def test_an_intent_that_comes_late_is_seen(recording: Recording) -> None:
    """Where an OPAQUE effect begins before the intent to have it is durable, an image shows it."""
    run = recording("notices", job=replace(LIFE, bug="effect before intent"))
    assert any(verdict.lost for verdict in run.judged(SHORT))


def test_a_log_that_is_not_synced_is_seen(recording: Recording) -> None:
    """Where a checkpoint writes to the database before the write-ahead log is durable, images are damaged."""
    run = recording("notices", job=replace(LIFE, pragma="wal_autocheckpoint = 8"))
    unsynced = replace(run, recorded=[one for one in run.recorded if not isinstance(one, Synced)])
    assert any(verdict.crash is None for verdict in unsynced.judged(SHORT)), "every image could be opened"
