"""Coverage-guided fuzzing of policies files and of conditions: `make fuzz`.

`fuzz_policies.py file|condition [libFuzzer's arguments]`. What breaks a law of target.py ends the run and is written to
`crash-*`, what takes too long to `timeout-*`: kept in tests/fuzz/found it is one more test.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris  # type: ignore[import-untyped]  # in the group `fuzz`: its wheels are for a few interpreters only

with atheris.instrument_imports(include=["signoff.policies"]):
    from . import seeds, target

LONGEST = 4_096  # bytes of an input


def main() -> None:
    """Fuzz until libFuzzer's arguments end it, from the seeds, or from a corpus that they name."""
    kind, *arguments = sys.argv[1:]
    with TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds.SEEDS[kind]()):
            (Path(folder) / str(number)).write_bytes(seed)
        words = Path(folder) / "words.dict"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in seeds.WORDS))
        options = [f"-dict={words}", f"-max_len={LONGEST}", "-timeout=5"]
        atheris.Setup([sys.argv[0], *options, *arguments, folder], {"file": _file, "condition": _condition}[kind])
        atheris.Fuzz()


def _file(data: bytes) -> None:
    target.check(data)


def _condition(data: bytes) -> None:
    for types in seeds.TYPES:
        target.check(target.file_of(data.decode("utf-8", "surrogateescape"), types))


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
