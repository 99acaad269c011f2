"""Planning: how many requests that people wrote the rules planner plans rightly, and how long one takes.

The requests are those of tests/planner/data. Half of the first file is held out: nobody looked at it while the planner was
developed, and only how many are right is printed here, not which.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

from bench.report import format_rows, percentile
from signoff.actions import bank_registry
from signoff.actor import Actor
from signoff.planner import MAX_REQUEST, LabelledRequest, RulesPlanner, Verdict, read_requests, score_request

DATA = Path(__file__).parents[1] / "tests" / "planner" / "data"
ROUNDS = 5
LONG = ("check my balance. ", "send 5 to a, b ", "how much ", "pay my x ", "a-")  # each repeated up to the longest request


def main() -> None:
    """Print the score of each set, and the CPU time of a request."""
    planner = RulesPlanner(bank_registry())
    requests = _read("requests.jsonl")
    sets = {
        "developed on": [*requests[::2], *_read("development.jsonl")],
        "held out": requests[1::2],
        "paraphrases developed on": _read("paraphrases.jsonl"),
        "paraphrases held out": _read("paraphrases_held_out.jsonl"),
        "with other names": _read("others.jsonl"),
        "near misses": _read("near_misses.jsonl"),
    }
    rows = [["requests", "number", *(verdict.value for verdict in Verdict), "right", "median", "p99"]]
    rows += [_row(planner, name, some) for name, some in sets.items()]
    print("\n".join(["## Requests planned by rules", "", *format_rows(rows)]))
    longest = max(_seconds(planner, _longest(piece)) for piece in LONG)
    print(f"\n- a hostile request of {MAX_REQUEST:,} characters takes {longest * 1000:.0f} ms at most")


def _read(name: str) -> list[LabelledRequest]:
    return read_requests((DATA / name).read_bytes(), name)


def _row(planner: RulesPlanner, name: str, requests: Sequence[LabelledRequest]) -> list[str]:
    verdicts = Counter(score_request(planner, one, Actor(id="dana"), process_time).verdict for one in requests)
    right = sum(count for verdict, count in verdicts.items() if verdict.is_right)
    times = [_seconds(planner, one) * 1e6 for one in requests]
    counts = [str(verdicts[verdict]) for verdict in Verdict]
    share = f"{right / len(requests):.1%}"
    return [name, str(len(requests)), *counts, share, f"{median(times):,.0f} µs", f"{percentile(times, 99):,.0f} µs"]


def _seconds(planner: RulesPlanner, request: LabelledRequest) -> float:
    """The least CPU time of several."""
    return min(score_request(planner, request, Actor(id="dana"), process_time).seconds for _ in range(ROUNDS))


def _longest(piece: str) -> LabelledRequest:
    return LabelledRequest(line=1, text=piece * (MAX_REQUEST // len(piece)), plans=((),), source="")
