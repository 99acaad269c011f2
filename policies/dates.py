"""Days, as rules write them."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from signoff.actions import fold_name

_MOMENT = "%Y-%m-%d %H:%M"
_YEARS = range(1900, 9000)

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


def read_moment(text: str) -> datetime | None:
    """The date and time that *text* is, such as `2026-12-24 18:30`, without a zone. None where it is something else."""
    try:
        found = datetime.strptime(text, _MOMENT)
    except ValueError:
        return None
    return found if found.year in _YEARS and found.strftime(_MOMENT) == text else None
