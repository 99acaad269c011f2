"""Where the command line finds the secrets that actions refer to: in files of a folder, or in the environment."""

from pathlib import Path

from signoff.actions import MAX_SECRET

from .secret_fields import Lookup, Wanted
from .settings import Settings


def secrets_of(settings: Settings) -> Lookup:
    """Looks secrets up where *settings* say."""
    folder = settings.secrets_folder

    def look_up(wanted: Wanted) -> str | None:
        if folder is None:
            return settings.secrets.get(wanted.name)
        return _in_file(folder / wanted.name)  # a name holds no slash, and no dot

    return look_up


def _in_file(path: Path) -> str | None:
    """The text of the file at *path*, without the end of its last line; None where there is none.

    Raises ValueError for what is too long or no text, and OSError for what cannot be read.
    """
    if not path.is_file():
        return None
    with path.open("rb") as file:
        data = file.read(MAX_SECRET + 3)
    text = data.decode()
    return text.removesuffix("\n").removesuffix("\r")
