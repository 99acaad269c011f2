"""Every error that Signoff raises on purpose.

    SignoffError
    ├── UsageError               wrong use: an unknown id, a file that is not there
    │   ├── DatabaseError        the database file cannot be used: not one, read-only, newer
    │   ├── KeyFileError         the key file cannot be used: missing, another database's, open to others
    │   │   └── HeadNotKept      a change is stored, and the log's head could not be kept beside the key
    │   └── ProverMissing        the solver that proofs need is not installed
    ├── ActionInvalid            an action's type, field or name is wrong
    ├── PlanInvalid              a plan's actions or needs are wrong; holds every problem found
    ├── PolicyInvalid            the policies file is wrong; holds every diagnostic
    ├── Refused                  a verb that this actor may not do now; recorded in the log
    ├── Busy                     another process holds what is needed, for now
    │   └── LeaseLost            another process has taken over what was executed here
    ├── PolicyChanged            another process has put other rules in force since ours were read
    ├── PolicyPinned             other policies are pinned than the file holds
    ├── TransactionLost          an action's code made SQLite roll everything back
    ├── OutcomeUnknown           nobody knows whether the last commit is durable
    ├── ClockError               the clock stands before the newest Entry
    ├── LogInvalid               the audit log or a stored state does not verify
    └── NotDone                  raised by an action itself: nothing happened, for sure

Each class has a machine code and an exit code; a message names the thing, the reason and the remedy.
This module is a leaf: every folder may import it, and it imports nothing of ours.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line; of several that apply, the first listed here wins."""

    USAGE = 2
    POLICIES = 5
    LOG = 6
    IN_DOUBT = 7
    FAILED = 1  # or no plan came: a question, a refusal
    DENIED = 4  # or rejected; of two policies files: the new one lets more through
    WAITING = 3
    DONE = 0


class SignoffError(Exception):
    """The root of all errors that Signoff raises on purpose."""

    code: ClassVar[str] = "error"
    exit: ClassVar[Exit] = Exit.FAILED


class UsageError(SignoffError):
    """Wrong use: an unknown id, a missing file, options that exclude each other."""

    code = "usage"
    exit = Exit.USAGE


class DatabaseError(UsageError):
    """The database file cannot be used: not one of ours, read-only, of a newer version."""

    code = "database"


class KeyFileError(UsageError):
    """The key file cannot be used: it is missing, another database's, or others can read it."""

    code = "key-file"


class HeadNotKept(KeyFileError):
    """A change is stored, durably, but the head of the log could not be kept beside the key."""

    code = "head-not-kept"


class ProverMissing(UsageError):
    """The solver that proofs about policies need is not installed."""

    code = "prover-missing"


class ActionInvalid(SignoffError):
    """An action is not what its type asks for, or names something that does not exist."""

    code = "action-invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class PlanInvalid(SignoffError):
    """A plan that cannot be accepted, with every problem found in it."""

    code = "plan-invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PolicyInvalid(SignoffError):
    """A policies file with mistakes. Its text is the whole report, one diagnostic after the other."""

    code = "policies-invalid"
    exit = Exit.POLICIES


class Refused(SignoffError):
    """What an actor asked for is not theirs to do, or not now. It is recorded and changes nothing."""

    code = "refused"
    exit = Exit.DENIED


class Busy(SignoffError):
    """Another process holds a lock on the database for longer than we wait."""

    code = "busy"


class LeaseLost(Busy):
    """An action is not held any more by the process that executed it: what it gave moves nothing."""

    code = "lease-lost"


class PolicyChanged(SignoffError):
    """Another process has put other rules in force since ours were read: nothing is decided by the older ones."""

    code = "policy-changed"


class PolicyPinned(SignoffError):
    """Other policies are pinned than the file holds: nothing is decided or run by it."""

    code = "policy-pinned"
    exit = Exit.POLICIES


class TransactionLost(SignoffError):
    """An action's code made SQLite roll back the whole transaction, so that nothing was recorded."""

    code = "transaction-lost"


class OutcomeUnknown(SignoffError):
    """A commit failed, so that nobody knows whether what it held is durable: open the database again and read."""

    code = "outcome-unknown"


class ClockError(SignoffError):
    """The clock stands before the newest Entry, so deadlines cannot be judged."""

    code = "clock"


class LogInvalid(SignoffError):
    """The audit log, or a stored state that it vouches for, was altered."""

    code = "log-invalid"
    exit = Exit.LOG


class NotDone(SignoffError):
    """Raised by an action's own code: it knows that nothing happened."""

    code = "not-done"
