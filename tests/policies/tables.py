"""A table in a CSV file, and rules about it."""

CSV = 'payee,limit,ceiling,note,trusted\nAlice,500.00,-3,VIP,true\n"Acme, Utilities",2_000,4.5,"say ""hi""",false\n'
FILED = """\
version: 1
currency: USD
tables:
  limits: {csv: limits.csv, key: payee, columns: {limit: money, ceiling: number, note: text, trusted: boolean}}
rules:
"""


def rule(condition: str, types: str = "transfer", because: str = "") -> str:
    """A deny rule with *condition*, and an allow rule."""
    reason = f"  because: {because}\n" if because else ""
    return f"- id: a\n  deny: {types}\n  when: |\n    {condition}\n{reason}- id: b\n  allow: '*'\n"
