"""The picture of the demo in the README is what the demo shows."""

from pathlib import Path
from runpy import run_path

DOCS = Path(__file__).parents[1] / "docs"
PICTURE = DOCS / "demo.svg"


def test_picture_is_what_the_demo_shows() -> None:
    """The committed picture is, to the byte, what the demo shows now; `make recording` draws it anew."""
    assert run_path(str(DOCS / "record.py"))["record"]() == PICTURE.read_text()


def test_picture_loads_nothing_from_elsewhere() -> None:
    """The picture fetches no font, style or script."""
    assert "url(" not in PICTURE.read_text().replace("url(#", "")
