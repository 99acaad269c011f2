"""A store of ours as a backend of the Agent Approval Interchange Specification: what `aais.testing` tries.

The specification's library keeps the state of its approvals as one JSON document, which a backend locks and stores.
Here that is a row of a table in a Signoff database: locked, committed and lent as an action's own tables are.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aais.backends import CorruptState, LockTimeout, RecoveryRequired, StoreError

from signoff.actions import Transaction
from signoff.audit import Store
from signoff.errors import Busy, UsageError

PATIENCE = 60.0  # seconds to wait for others


@dataclass(frozen=True, kw_only=True)
class Step:
    """A migration of the backend's tables."""

    name: str
    sql: str


TABLES = Step(
    name="interchange.1",
    sql="""
    CREATE TABLE interchange (
        version INTEGER NOT NULL, -- counts the changes
        document BLOB,            -- JSON; NULL where nothing is stored
        recovery TEXT             -- JSON: why nothing may be done until a person has looked; NULL where all is well
    );
    INSERT INTO interchange (version) VALUES (0);
    CREATE TABLE interchange_damaged (id INTEGER PRIMARY KEY, document BLOB);
    """,
)


class StoreTransaction:
    """The document, inside a transaction of the store."""

    def __init__(self, lent: Transaction, place: str) -> None:
        self._lent = lent
        self._place = place

    def recovery_marker(self) -> RecoveryRequired | None:
        """Why nothing may be done; None where all is well."""
        ((recovery,),) = self._lent.execute("SELECT recovery FROM interchange")
        return condition(self._place, recovery)

    def load(self) -> Any:
        """The document, None where there is none. Raises CorruptState where it is no JSON."""
        ((raw,),) = self._lent.execute("SELECT document FROM interchange")
        try:
            return None if raw is None else json.loads(raw)
        except ValueError as error:
            raise CorruptState(f"the stored document is no JSON: {error}", bytes(raw)) from error

    def save(self, state: dict[str, Any]) -> None:
        """Put *state* in the document's place."""
        self.store_raw(json.dumps(state).encode())

    def store_raw(self, raw: bytes) -> None:
        """Put bytes in the document's place, whatever they are."""
        self._lent.execute("UPDATE interchange SET document = ?, version = version + 1", (raw,))

    def quarantine(self, *, reason: str, detected_at: datetime, sequence_hint: int) -> RecoveryRequired:
        """Put the damaged document aside, and let nothing be done until a person has looked."""
        ((id_,),) = self._lent.execute("INSERT INTO interchange_damaged (document) SELECT document FROM interchange RETURNING id")
        told: dict[str, Any] = {
            "reason": reason,
            "quarantined_to": f"interchange_damaged {id_}",
            "detected_at": detected_at.astimezone(UTC).isoformat(),
            "sequence_hint": sequence_hint,
        }
        self._lent.execute("UPDATE interchange SET document = NULL, recovery = ?, version = version + 1", (json.dumps(told),))
        return RecoveryRequired(self._place, **told)

    def clear_recovery(self) -> None:
        """A person has looked."""
        self._lent.execute("UPDATE interchange SET recovery = NULL, version = version + 1")


class StoreBackend:
    """The specification's backend over the store at a path. Any thread may use it: each opens the file for itself."""

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        """*patience* is how long to wait for others, in seconds."""
        self.path = path
        self.description = f"signoff:{path}"
        self._patience = patience
        self._mine = threading.local()  # the store that this thread has open

    @contextmanager
    def transaction(self) -> Iterator[StoreTransaction]:
        """One transaction of the store. Raises LockTimeout where others write for too long, StoreError inside another one."""
        with ExitStack() as stack, _translated():
            store = getattr(self._mine, "store", None)
            if store is None:
                store = self._mine.store = stack.enter_context(self._opened())
                stack.callback(delattr, self._mine, "store")
            with store.write() as tx, tx.lent(writing=True) as lent:
                yield StoreTransaction(lent, self.description)

    def version(self) -> int | None:
        """How often the document was changed; None where there is no store."""
        version: int | None = self._read("version")
        return version

    def invalidate(self) -> None:
        """Nothing is kept in memory."""

    def exists(self) -> bool:
        """Whether a document is stored."""
        return self._read("document") is not None

    def recovery_status(self) -> RecoveryRequired | None:
        """Why nothing may be done; None where all is well."""
        return condition(self.description, self._read("recovery"))

    def _read(self, column: str) -> Any:
        if not self.path.exists():
            return None
        with _translated(), self._opened() as store, store.read() as tx, tx.lent() as lent:
            ((value,),) = lent.execute(f"SELECT {column} FROM interchange")
            return value

    def _opened(self) -> Store:
        return Store.open(self.path, migrations=(TABLES,), timeout=self._patience)


def condition(place: str, recovery: str | None) -> RecoveryRequired | None:
    """The condition that is stored as *recovery*."""
    return None if recovery is None else RecoveryRequired(place, **json.loads(recovery))


@contextmanager
def _translated() -> Iterator[None]:
    """Our errors as the specification's."""
    try:
        yield
    except Busy as error:
        raise LockTimeout(str(error)) from error
    except UsageError as error:
        raise StoreError(str(error)) from error
