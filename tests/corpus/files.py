"""Copies of the corpus, and another process that looks into them, or alters them, without Signoff."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CORPUS = Path(__file__).parent
VERSIONS = sorted(int(path.stem.partition("-")[2]) for path in CORPUS.glob("signoff-*.db"))
KEYS = 4  # the version from which on a database has a key
UNSEALED = [version for version in VERSIONS if version < KEYS]

_CODE = """
import json, sys
try:
    import pysqlite3.dbapi2 as sqlite
except ImportError:
    import sqlite3 as sqlite
connection = sqlite.connect(sys.argv[1], isolation_level=None)
connection.executescript(sys.argv[2])
connection.row_factory = sqlite.Row
tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
def read(table):
    return [{name: repr(row[name]) for name in row.keys()} for row in connection.execute(f"SELECT * FROM {table}")]
print(json.dumps({table: read(table) for table in tables}))
"""

Rows = Mapping[str, Sequence[Mapping[str, str]]]  # of each table, each with its columns


def copied(version: int, folder: Path) -> Path:
    """A copy of the database of that *version*, with what belongs to it, in the new *folder*."""
    folder.mkdir()
    for suffix in (".db", ".db.key", ".db.key.head", ".received"):
        source = CORPUS / f"signoff-{version}{suffix}"
        if source.exists():
            target = folder / f"signoff{suffix}"
            shutil.copyfile(source, target)
            target.chmod(0o600)
    return folder / "signoff.db"


def altered(database: Path, sql: str) -> Rows:
    """Run *sql* on *database* as another program would, and return all that it then holds."""
    command = [sys.executable, "-c", _CODE, str(database), sql]
    rows: Rows = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)
    return rows


def dumped(database: Path) -> Rows:
    """All that *database* holds."""
    return altered(database, "")


def contents(database: Path) -> Mapping[str, bytes]:
    """The bytes of a closed database and of what lies beside it, but the locks."""
    return {path.name: path.read_bytes() for path in database.parent.iterdir() if path.suffix not in (".lock", ".run")}
