"""A hostile file costs little time, and ends in diagnostics."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signoff.actions import Registry
from signoff.policies import Diagnostic, PoliciesInvalid, Severity, format_diagnostic, load_policy, parse_policy

MIB = 2**20
START = "version: 1\ncurrency: USD\napprovers: m\nroles: {m: [x]}\nrules:\n- id: a\n  approve: transfer\n"
LAUGHS = "a: &a [x,x]\n" + "".join(f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))

FILES = {
    "brackets": "[" * 30_000,
    "closed brackets": "version: 1\nrules: " + "[" * 30_000 + "]" * 30_000,
    "braces": "{" * MIB,
    "dashes": "- " * (MIB // 2),
    "question marks": "? " * (MIB // 2),
    "colons": ":" * MIB,
    "tabs": "\t" * MIB,
    "lines": "\n" * MIB,
    "quotes": '"' * MIB,
    "an open quote": 'a: "' + "x\\n" * 300_000,
    "anchors": "&a " * 10_000,
    "laughs": LAUGHS,
    "a long plain scalar": START + "  when: " + "x" * (MIB - 200),
    "a long quoted scalar": START + "  when: '" + "x" * (MIB - 200) + "'",
    "a long block": START + "  when: |\n" + "    x\n" * (MIB // 8),
    "a long key": "x" * (MIB - 10) + ": 1",
    "a long name": START + "  by: " + "m" * (MIB - 200),
    "many keys": "".join(f"key{number}: 1\n" for number in range(60_000)),
    "one key many times": "a: 1\n" * 200_000,
    "many keys in braces": "{" + "a," * 300_000,
    "brackets in a condition": START + "  when: " + "(" * 30_000,
    "as many brackets as fit": START + "  when: " + "(" * 3_000,
    "negations": START + "  when: " + "not " * 900 + "has(amount)",
    "signs": START + "  when: amount > " + "-" * 3_000 + "1",
    "a long sum": START + "  when: amount > " + "1+" * 1_500 + "1",
    "a long number": START + "  when: amount > " + "1" * 3_000,
    "a wide list": START + "  when: to in [" + '"x",' * 900,
    "control characters": "a: \x01",
    "control characters only": "\x01" * MIB,
    "control characters in every line": "#\x01\n" * (MIB // 3),
    "many rules for all types": START
    + "".join(f"- id: r{n}\n  deny: '*'\n  when: {'not ' * 29}plan.size > 1\n" for n in range(6_000)),
    "many sums": START
    + "".join(f"- {{id: r{n}, deny: '*', when: {' or '.join(['plan.size*9>1'] * 30)}}}\n" for n in range(2_000)),
    "many who must sign": "version: 1\nroles: {r: ["
    + ",".join(f"p{n}" for n in range(100))
    + "]}\nrules:\n"
    + "".join(f"- {{id: r{n}, approve: transfer, by: {{role: r, count: 100}}, within: {n + 1}s}}\n" for n in range(100)),
    "many who stand in": "version: 1\nroles:\n"
    + "".join(f"  r{n}: [{','.join(f'p{n}x{m}' for m in range(100))}]\n" for n in range(60))
    + f"rules:\n- {{id: a, approve: transfer, by: [{','.join(f'r{n}' for n in range(40))}],"
    + f" then: {{after: 1h, ask: [{','.join(f'r{n}' for n in range(30, 60))}]}}}}\n",
    "a zero byte": "a\0b",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in FILES.items()])
def test_garbage_is_refused_soon(text: str, report_on: Callable[[str], str]) -> None:
    """Large, deep or repeated garbage ends in a short report within seconds."""
    begun = time.process_time()
    report = report_on(text)
    assert time.process_time() - begun < 6
    assert "error[" in report
    assert len(report) < 40_000


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("many who must sign", "the squares of their numbers come to more than 500,000"),
        ("many who stand in", "`then` opens 40 seats to 30 others: more than 1,000 ways"),
    ],
)
def test_work_that_is_bounded(name: str, told: str, report_on: Callable[[str], str]) -> None:
    """What is too much to be checked is refused for that."""
    report = report_on(FILES[name])
    assert "error[too-many]" in report
    assert told in report


@pytest.mark.parametrize(
    ("times", "around"),
    [(10, "not (has(to) and ({}) or to == 'x')"), (29, "(has(to) and {} or to == 'x') == true"), (29, "not {}")],
)
def test_the_deepest_condition_that_is_read(times: int, around: str, registry: Registry) -> None:
    """A condition nested and calculated up to the limits loads: no limit of Python's is hit before ours."""
    condition = "(amount" + "+1" * 29 + " > 1)" if times == 29 else "amount" + "+1" * 29 + " > 1"
    for _ in range(times):
        condition = around.format(condition)
    assert parse_policy((START + f"  when: {condition}\n").encode(), "p", registry).document.rules[0].id == "a"


def test_a_wide_condition_loads(registry: Registry) -> None:
    """Hundreds of alternatives in one condition load."""
    condition = " or ".join(["amount > 1"] * 280)
    assert len(parse_policy((START + f"  when: {condition}\n").encode(), "p", registry).document.rules) == 1


def test_thousands_of_rules_load(registry: Registry) -> None:
    """Five thousand rules of usual size are no flood."""
    rules = "".join(f"- {{id: r{n}, approve: transfer, when: to == 'P{n}' and amount > {n}}}\n" for n in range(5_000))
    assert len(parse_policy((START + rules).encode(), "p", registry).document.rules) == 5_001


PIECES = [
    "amount", "to", "has", "default", "in_request", "lists", "actor", "id", "plan", "size", "and", "or", "not", "in", "true",
    "false", "100", "0.5", "1_0", '"A"', "'", "(", ")", "[", "]", ",", ".", "==", "!=", "<", ">=", "=", "+", "-", "*", "/",
    "\\", " ", "\n", "\t", "€", "\u202e", "送", "none", "tables", "EUR", "source_of", "trusted", "disputed",
]  # fmt: skip


def findings(data: bytes, registry: Registry) -> tuple[Diagnostic, ...]:
    """What the report on a file says; nothing where it loads without a warning."""
    try:
        return parse_policy(data, "p", registry).warnings
    except PoliciesInvalid as error:
        return error.diagnostics or (EMPTY_REPORT,)


EMPTY_REPORT = Diagnostic(code="none", severity=Severity.ERROR, file="", line=0, column=0, message="")


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join) | st.text(max_size=40))
@example("not not in not in")
def test_any_condition_loads_or_is_reported(registry: Registry, condition: str) -> None:
    """Whatever stands in a condition, the file loads or the report says why not, and where."""
    block = "".join(f"    {line}\n" for line in condition.split("\n"))
    found = findings((START + "  when: |\n" + block).encode("utf-8", "surrogatepass"), registry)
    assert all(diagnostic.message and format_diagnostic(diagnostic) for diagnostic in found)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet="ab:-?[]{},&*!|>'\"%@` \n#~<0.1", max_size=60).map(str.encode))
def test_any_file_loads_or_is_reported(registry: Registry, data: bytes) -> None:
    """Whatever a file holds, it loads or the report says why not, and where."""
    assert all(diagnostic.message and format_diagnostic(diagnostic) for diagnostic in findings(data, registry))


def test_a_pipe_is_no_policies_file(tmp_path: Path, registry: Registry) -> None:
    """A pipe that nobody writes to is refused at once, and so is a folder: neither is waited for."""
    pipe = tmp_path / "policies.yaml"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        with pytest.raises(PoliciesInvalid, match="cannot be read"):
            load_policy(path, registry)
