"""Print the figures, with machine and versions: `python bench/run.py [NAME...]`, as BENCHES below names them.

Without a name all of them.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that `bench` can be imported

from bench import cycle, differences, execution, felt, growth, policies, proofs, requests, startup, trials, verification
from bench.report import format_machine

BENCHES = {
    "policies": policies.main,
    "cycle": cycle.main,
    "execution": execution.main,
    "growth": growth.main,
    "startup": startup.main,
    "felt": felt.main,
    "proofs": proofs.main,
    "differences": differences.main,
    "trials": trials.main,
    "verification": verification.main,
    "requests": requests.main,
}


def main() -> None:
    """Print the machine, then one bench after the other."""
    print(f"{format_machine()}\n")
    for name in sys.argv[1:] or BENCHES:
        BENCHES[name]()
        print(flush=True)


if __name__ == "__main__":
    main()
