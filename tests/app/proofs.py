"""What is done with proofs of the log again and again: exports, checkpoints, votes, copies that are put back."""

from pathlib import Path

from tests.app.conftest import CommandLine


def public_key(log: CommandLine) -> str:
    return log("audit", "key").out.strip()


def export(log: CommandLine, name: str, *options: str) -> Path:
    """An export, which was made."""
    ran = log("audit", "export", "--to", str(log.folder / name), *options)
    assert ran.code == 0, ran.err
    return log.folder / name


def sign(log: CommandLine) -> bytes:
    """A checkpoint of the log as it stands."""
    ran = log("audit", "checkpoint")
    assert ran.code == 0, ran.err
    return ran.out.encode()


def saved(log: CommandLine) -> dict[Path, bytes]:
    """The database as it is, with the head that is kept beside its key."""
    kept = log.folder.glob("signoff.db.key.head")
    return {path: path.read_bytes() for path in (log.database, *kept)}


def put_back(files: dict[Path, bytes]) -> None:
    """Put a database of an earlier day in the place of the newest one, as somebody could who may write both folders."""
    for path, data in files.items():
        path.write_bytes(data)
        for name in ("-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)


def voted(log: CommandLine) -> str:
    """The id of an approval that mira approved."""
    waiting = log.waiting()
    assert log("approve", waiting["id"], "--as", "mira", "--digest", waiting["digest"][:8]).code == 0
    return str(waiting["id"])
