"""The store: queue, approvals and audit log in one SQLite file, and the proofs that nobody altered them."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .ciphertexts import reseal as reseal
    from .counting import PLACE as PLACE
    from .counting import CountedRow as CountedRow
    from .counting import Counter as Counter
    from .counting import Total as Total
    from .counting import add_up as add_up
    from .counting import read_counters as read_counters
    from .counting import rows_of_action as rows_of_action
    from .past import Past as Past
    from .pins import PinVerb as PinVerb
    from .reading import Reading as Reading
    from .records import BOUNDED as BOUNDED
    from .records import ENDED as ENDED
    from .records import NOT_DONE as NOT_DONE
    from .records import SYSTEM as SYSTEM
    from .records import UNTOUCHED as UNTOUCHED
    from .records import ActionRecord as ActionRecord
    from .records import Approval as Approval
    from .records import ApprovalStatus as ApprovalStatus
    from .records import Choice as Choice
    from .records import Entry as Entry
    from .records import PlanRecord as PlanRecord
    from .records import Status as Status
    from .records import Vote as Vote
    from .records import read_time as read_time
    from .records import write_actor as write_actor
    from .records import write_time as write_time
    from .recounting import counted_anew as counted_anew
    from .recounting import recount as recount
    from .store import Store as Store
    from .verify import Verification as Verification
    from .verify import verify_complete as verify_complete
    from .verify import verify_plan as verify_plan
    from .verify import verify_policies as verify_policies
    from .verify import verify_store as verify_store
    from .writing import Writing as Writing

__all__ = [
    "BOUNDED",
    "ENDED",
    "NOT_DONE",
    "PLACE",
    "SYSTEM",
    "UNTOUCHED",
    "ActionRecord",
    "Approval",
    "ApprovalStatus",
    "Choice",
    "CountedRow",
    "Counter",
    "Entry",
    "Past",
    "PinVerb",
    "PlanRecord",
    "Reading",
    "Status",
    "Store",
    "Total",
    "Verification",
    "Vote",
    "Writing",
    "add_up",
    "counted_anew",
    "read_counters",
    "read_time",
    "recount",
    "reseal",
    "rows_of_action",
    "verify_complete",
    "verify_plan",
    "verify_policies",
    "verify_store",
    "write_actor",
    "write_time",
]

__getattr__ = front_door(
    __name__,
    {
        "ciphertexts": ["reseal"],
        "counting": ["PLACE", "CountedRow", "Counter", "Total", "add_up", "read_counters", "rows_of_action"],
        "past": ["Past"],
        "pins": ["PinVerb"],
        "reading": ["Reading"],
        "records": [
            *("BOUNDED", "ENDED", "NOT_DONE", "SYSTEM", "UNTOUCHED", "ActionRecord", "Approval", "ApprovalStatus", "Choice"),
            *("Entry", "PlanRecord", "Status", "Vote", "read_time", "write_actor", "write_time"),
        ],
        "recounting": ["counted_anew", "recount"],
        "store": ["Store"],
        "verify": ["Verification", "verify_complete", "verify_plan", "verify_policies", "verify_store"],
        "writing": ["Writing"],
    },
)
