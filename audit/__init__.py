"""The store: queue, approvals and audit log in one SQLite file, and the proofs that nobody altered them."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .checkpoints import Kept as Kept
    from .checkpoints import extend_head as extend_head
    from .checkpoints import keep as keep
    from .checkpoints import keeping as keeping
    from .checkpoints import kept_path as kept_path
    from .checkpoints import publish as publish
    from .checkpoints import read_kept as read_kept
    from .checkpoints import sign_head as sign_head
    from .ciphertexts import reseal as reseal
    from .conversations import CallRecord as CallRecord
    from .conversations import Conversation as Conversation
    from .conversations import MessageRecord as MessageRecord
    from .counting import PLACE as PLACE
    from .counting import CountedRow as CountedRow
    from .counting import Counter as Counter
    from .counting import Total as Total
    from .counting import add_up as add_up
    from .counting import read_counters as read_counters
    from .counting import rows_of_action as rows_of_action
    from .delegations import DELEGATED as DELEGATED
    from .delegations import REVOKED as REVOKED
    from .delegations import Delegation as Delegation
    from .exporting import write_export as write_export
    from .files import read_file as read_file
    from .files import write_file as write_file
    from .keys import Keys as Keys
    from .keys import new_keys as new_keys
    from .keys import read_keys as read_keys
    from .keys import write_keys as write_keys
    from .leases import TERM as TERM
    from .leases import Leases as Leases
    from .notes import Checkpoint as Checkpoint
    from .notes import PublicKey as PublicKey
    from .notes import cosigner_key as cosigner_key
    from .notes import read_checkpoint as read_checkpoint
    from .notes import read_public_key as read_public_key
    from .offline import Audited as Audited
    from .offline import verify_export as verify_export
    from .past import Past as Past
    from .pins import PinVerb as PinVerb
    from .proofs import MAX_PROOF as MAX_PROOF
    from .proofs import read_extension as read_extension
    from .reading import Reading as Reading
    from .receipts import Receipt as Receipt
    from .receipts import read_receipt as read_receipt
    from .receipts import write_receipt as write_receipt
    from .records import BOUNDED as BOUNDED
    from .records import ENDED as ENDED
    from .records import NOT_DONE as NOT_DONE
    from .records import SYSTEM as SYSTEM
    from .records import UNTOUCHED as UNTOUCHED
    from .records import ActionRecord as ActionRecord
    from .records import Approval as Approval
    from .records import ApprovalStatus as ApprovalStatus
    from .records import Choice as Choice
    from .records import Edit as Edit
    from .records import Entry as Entry
    from .records import GivenContext as GivenContext
    from .records import Lease as Lease
    from .records import PlanRecord as PlanRecord
    from .records import Status as Status
    from .records import Vote as Vote
    from .records import read_time as read_time
    from .records import write_actor as write_actor
    from .records import write_time as write_time
    from .recounting import counted_anew as counted_anew
    from .recounting import recount as recount
    from .rotating import keys_in_force as keys_in_force
    from .rotating import rotate as rotate
    from .rotation import history as history
    from .store import Store as Store
    from .telling import told_context as told_context
    from .verify import Verification as Verification
    from .verify import verify_complete as verify_complete
    from .verify import verify_plan as verify_plan
    from .verify import verify_policies as verify_policies
    from .verify import verify_store as verify_store
    from .witness import Evidence as Evidence
    from .witness import export_evidence as export_evidence
    from .witness import extension_evidence as extension_evidence
    from .witness import plain_evidence as plain_evidence
    from .witness import witness_head as witness_head
    from .writing import Writing as Writing

__all__ = [
    "BOUNDED",
    "DELEGATED",
    "ENDED",
    "MAX_PROOF",
    "NOT_DONE",
    "PLACE",
    "REVOKED",
    "SYSTEM",
    "TERM",
    "UNTOUCHED",
    "ActionRecord",
    "Approval",
    "ApprovalStatus",
    "Audited",
    "CallRecord",
    "Checkpoint",
    "Choice",
    "Conversation",
    "CountedRow",
    "Counter",
    "Delegation",
    "Edit",
    "Entry",
    "Evidence",
    "GivenContext",
    "Kept",
    "Keys",
    "Lease",
    "Leases",
    "MessageRecord",
    "Past",
    "PinVerb",
    "PlanRecord",
    "PublicKey",
    "Reading",
    "Receipt",
    "Status",
    "Store",
    "Total",
    "Verification",
    "Vote",
    "Writing",
    "add_up",
    "cosigner_key",
    "counted_anew",
    "export_evidence",
    "extend_head",
    "extension_evidence",
    "history",
    "keep",
    "keeping",
    "kept_path",
    "keys_in_force",
    "new_keys",
    "plain_evidence",
    "publish",
    "read_checkpoint",
    "read_counters",
    "read_extension",
    "read_file",
    "read_kept",
    "read_keys",
    "read_public_key",
    "read_receipt",
    "read_time",
    "recount",
    "reseal",
    "rotate",
    "rows_of_action",
    "sign_head",
    "told_context",
    "verify_complete",
    "verify_export",
    "verify_plan",
    "verify_policies",
    "verify_store",
    "witness_head",
    "write_actor",
    "write_export",
    "write_file",
    "write_keys",
    "write_receipt",
    "write_time",
]

__getattr__ = front_door(
    __name__,
    {
        "checkpoints": ["Kept", "extend_head", "keep", "keeping", "kept_path", "publish", "read_kept", "sign_head"],
        "ciphertexts": ["reseal"],
        "conversations": ["CallRecord", "Conversation", "MessageRecord"],
        "counting": ["CountedRow", "Counter", "PLACE", "Total", "add_up", "read_counters", "rows_of_action"],
        "delegations": ["DELEGATED", "Delegation", "REVOKED"],
        "exporting": ["write_export"],
        "files": ["read_file", "write_file"],
        "keys": ["Keys", "new_keys", "read_keys", "write_keys"],
        "notes": ["Checkpoint", "PublicKey", "cosigner_key", "read_checkpoint", "read_public_key"],
        "offline": ["Audited", "verify_export"],
        "leases": ["TERM", "Leases"],
        "past": ["Past"],
        "pins": ["PinVerb"],
        "proofs": ["MAX_PROOF", "read_extension"],
        "reading": ["Reading"],
        "receipts": ["Receipt", "read_receipt", "write_receipt"],
        "records": [
            *("ActionRecord", "Approval", "ApprovalStatus", "BOUNDED", "Choice", "ENDED", "Edit", "Entry", "GivenContext"),
            *("Lease", "NOT_DONE", "PlanRecord", "SYSTEM", "Status", "UNTOUCHED", "Vote", "read_time"),
            *("write_actor", "write_time"),
        ],
        "recounting": ["counted_anew", "recount"],
        "rotating": ["keys_in_force", "rotate"],
        "rotation": ["history"],
        "store": ["Store"],
        "telling": ["told_context"],
        "verify": ["Verification", "verify_complete", "verify_plan", "verify_policies", "verify_store"],
        "witness": ["Evidence", "export_evidence", "extension_evidence", "plain_evidence", "witness_head"],
        "writing": ["Writing"],
    },
)
