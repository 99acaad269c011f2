"""Days, as rules write them."""

from datetime import UTC, date, tzinfo
from zoneinfo import ZoneInfo

from signoff.actions import fold_name

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def is_date(text: str) -> bool:
    """Whether *text* is a date such as `2026-12-24`."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_weekday(text: str) -> bool:
    """Whether *text* is a day of the week, in any spelling of its letters."""
    return fold_name(text) in WEEKDAYS


def time_zone(name: str | None) -> tzinfo | None:
    """The time zone *name*, UTC where none is named; None where there is no database to find it in."""
    try:
        return UTC if name is None else ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
