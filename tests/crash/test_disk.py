"""The model of a disk: what is durable, and what a power cut may leave of the rest."""

from random import Random

import pytest

from .disk import (
    SECTOR,
    Disk,
    FolderSynced,
    Named,
    Opened,
    Operation,
    Synced,
    Truncated,
    Written,
    all_of_it,
    images,
    nothing_of_it,
)

OLD, NEW = b"o" * 2 * SECTOR, b"n" * 2 * SECTOR
WRITTEN = (Opened(file=1, name="log"), Written(file=1, offset=0, data=NEW))


def disk(*operations: Operation, **files: bytes) -> Disk:
    """A disk on which these were done."""
    made = Disk(files)
    for operation in operations:
        made.apply(operation)
    return made


def drawn(made: Disk) -> set[bytes | None]:
    """What may be found in the log: all that a generator comes upon."""
    return {image.get("log") for image in images(made, Random(1), 500)}


def test_what_is_not_synced_may_be_there_in_parts() -> None:
    """Of a write over two sectors each is old or new after a power cut, whatever the other one is."""
    sectors = (b"o" * SECTOR, b"n" * SECTOR)
    assert drawn(disk(*WRITTEN, log=OLD)) == {first + second for first in sectors for second in sectors}


def test_what_is_synced_stays() -> None:
    """After a sync there is one image, and what is written later does not harm it."""
    assert drawn(disk(*WRITTEN, Synced(file=1), log=OLD)) == {NEW}
    later = Written(file=1, offset=2 * SECTOR, data=b"later")
    assert {image[: 2 * SECTOR] for image in drawn(disk(*WRITTEN, Synced(file=1), later, log=OLD)) if image} == {NEW}


def test_a_failed_sync_is_not_mended_by_another_one() -> None:
    """What a sync failed for may be missing after a second one that succeeded; what was written since is there."""
    since = Written(file=1, offset=2 * SECTOR, data=b"since")
    failed = disk(*WRITTEN, Synced(file=1, well=False), since, Synced(file=1), log=OLD)
    assert {OLD + b"since", NEW + b"since"} <= drawn(failed)
    again = disk(*WRITTEN, Synced(file=1, well=False), WRITTEN[1], Synced(file=1), log=OLD)
    assert drawn(again) == {NEW}


@pytest.mark.parametrize("folder_synced", [False, True])
def test_a_name_is_durable_once_its_folder_is_synced(folder_synced: bool) -> None:
    """A new file that was synced may have no name after a power cut, and one that was removed may be back."""
    made = disk(*WRITTEN, Synced(file=1), Named(name="old"), *[FolderSynced()] * folder_synced, old=OLD)
    assert made.image(all_of_it) == {"log": NEW}
    assert made.image(nothing_of_it) == ({"log": NEW} if folder_synced else {"old": OLD})


def test_a_file_takes_the_name_of_another() -> None:
    """Renamed over another, a file is found under one of its names, or the other one is still there."""
    made = disk(*WRITTEN, Synced(file=1), FolderSynced(), Named(name="other", before="log"), other=OLD)
    found = {tuple(sorted(image.items())) for image in images(made, Random(1), 100)}
    assert {(("other", NEW),), (("log", NEW), ("other", OLD))} <= found


def test_a_gap_reads_as_anything() -> None:
    """A file that was extended and not synced is short, cut off anew, or holds what nobody wrote where a sector is missing."""
    extended = (Opened(file=1, name="log"), Written(file=1, offset=0, data=NEW + NEW), Truncated(file=1, size=3 * SECTOR))
    found = drawn(disk(*extended, log=b""))
    assert {b"", NEW + NEW[:SECTOR], NEW + NEW} <= found
    assert any(image and set(image) - {0, ord("n")} for image in found)
