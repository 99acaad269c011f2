"""How a transaction adds to the log: with Entries, a head that vouches for them, and what follows once all of it is durable."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime

from signoff.actor import Actor
from signoff.canonical import Json
from signoff.errors import HeadNotKept, KeyFileError

from .ciphertexts import reseal
from .database import Database
from .log import Appender
from .reading import Reading
from .records import SYSTEM, Entry, read_time, write_time
from .sealing import LogHead, Seal
from .tree import Frontier

FIRST_ID_BYTES = 2  # an id is as short as it can be for people to type, and grows where it is taken
FLUSHED_EVERY = 1_000  # Entries, after which the head that is kept beside the key is flushed


class LogWriting(Reading):
    """An open transaction that may add to the log. Time stands still in it, and never before the newest Entry."""

    def __init__(
        self, database: Database, seal: Seal, kept: Frontier | None, *, now: datetime, ids: Callable[[int], str]
    ) -> None:
        """Raises LogInvalid where what vouches for the log does not."""
        super().__init__(database, seal, kept)
        self._log = Appender(database, self.log_head())
        newest = self._log.head.newest
        self.behind = write_time(now) < newest  # whether the clock stands before the newest Entry
        self.now = read_time(newest) if self.behind else now
        self._ids = ids
        self.after_commit: list[Callable[[], None]] = []  # called when all of it is durable
        self.undone = ExitStack()  # what is called when it did not happen, or nobody knows

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of this transaction, which is undone alone where the block raises: as if it had never been begun.

        Raises TransactionLost where the whole transaction was rolled back.
        """
        mark, after, undone = self._log.mark(), len(self.after_commit), self.undone
        self.undone = ExitStack()
        try:
            with self._database.attempt():
                yield
        except BaseException:
            self._log.go_back(mark)
            self._counters = None  # they may be of a policy that is not in force after all
            del self.after_commit[after:]
            self.undone.close()
            raise
        else:
            undone.push(self.undone)
        finally:
            self.undone = undone

    def log(self, event: str, actor: Actor, data: Mapping[str, Json], *, plan: str = SYSTEM, action: int | None = None) -> Entry:
        """Add an Entry that stands for itself."""
        return self._log.append(chain=plan, at=self.now, actor=actor, event=event, action=action, data=data)

    def head(self, chain: str) -> tuple[int, bytes] | None:
        """The length and last hash of one chain, with what this transaction added."""
        return self._log.end(chain) or super().head(chain)

    def newest_number(self) -> int:
        """The number of the last Entry, with what this transaction added: it was compared with the stored one before."""
        return self._log.head.size

    def end(self) -> Frontier:
        """The head of the log, with what this transaction added."""
        return self._log.head.frontier

    def seal(self) -> None:
        """Vouch for what was added, at the end of the transaction."""
        if self._log.finish():
            self._seal.write(self._database, self._log.head)

    def rekey(self, seal: Seal) -> None:
        """Let *seal* vouch for the log from this transaction on, and encrypt with its key what is secret."""
        reseal(self._database, self._seal.keys, seal.keys)
        self._seal = seal
        self._log.head = replace(self._log.head, store_key=seal.keys.store_id, signer=seal.keys.public)

    def committed(self) -> None:
        """What follows once all of it is durable, before anybody else may write: also where the head cannot be kept.

        Raises HeadNotKept, and LogInvalid as `_keep` does.
        """
        try:
            self._keep(self.log_head(), self._log.head)
        except KeyFileError as error:
            raise HeadNotKept(f"what was changed is stored, but {error}") from error
        finally:
            for then in self.after_commit:
                then()

    def _keep(self, before: LogHead, now: LogHead) -> None:
        """Keep the head of the log beside the key.

        Raises LogInvalid where what is kept by now is not what this transaction went on from: then its log is another one.
        """
        if now is not before:
            durably = now.size // FLUSHED_EVERY > before.size // FLUSHED_EVERY
            self._seal.kept.write(now.frontier, self._went_on_from, durably=durably)

    def _went_on_from(self, kept: Frontier | None) -> bool:
        found = self.log_head().frontier
        return kept == self._kept or (kept is not None and self._seal.goes_on(self._database, kept, found))

    def _free_id(self, taken: str) -> str:
        size = FIRST_ID_BYTES
        while self._database.execute(taken, (id_ := self._ids(size),)):
            size += 1
        return id_
