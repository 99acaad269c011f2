"""The seam between SQLite and the operating system, opened from Python: a VFS that tells of each call, and can let it fail.

SQLite reaches files through a table of functions that a program may replace (https://www.sqlite.org/vfs.html). This one
calls those of SQLite's own unix VFS, in the very library that Signoff uses. It needs no compiler: `ctypes` finds
`sqlite3_vfs_find` and `sqlite3_vfs_register` in the extension module, or in the library that it is linked with.
"""

import ctypes
import os
import sys
import traceback
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from typing import Any, Protocol

OK = 0
_FILE = c_void_p
_CLOSE = CFUNCTYPE(c_int, _FILE)
_READ = CFUNCTYPE(c_int, _FILE, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, _FILE, c_int64)
_FLAG = CFUNCTYPE(c_int, _FILE, c_int)  # sync, lock
_MAP = CFUNCTYPE(c_int, _FILE, c_int, c_int, c_int, c_void_p)
_SHARED_LOCK = CFUNCTYPE(c_int, _FILE, c_int, c_int, c_int)
_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, _FILE, c_int, c_void_p)
_DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_SET_CALL = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)
_GET_CALL = CFUNCTYPE(c_void_p, c_void_p, c_char_p)
_OPEN_FOLDER = CFUNCTYPE(c_int, c_char_p, POINTER(c_int))


class _Methods(Structure):
    """`sqlite3_io_methods`: what can be done with an open file."""

    _fields_ = (
        ("iVersion", c_int),
        ("xClose", _CLOSE),
        ("xRead", _READ),
        ("xWrite", _READ),
        ("xTruncate", _TRUNCATE),
        ("xSync", _FLAG),
        ("xFileSize", c_void_p),
        ("xLock", _FLAG),
        *((name, c_void_p) for name in ("xUnlock", "xCheckReservedLock", "xFileControl", "xSectorSize", "xCharacteristics")),
        ("xShmMap", _MAP),
        ("xShmLock", _SHARED_LOCK),
        *((name, c_void_p) for name in ("xShmBarrier", "xShmUnmap", "xFetch", "xUnfetch")),
    )


class _Vfs(Structure):
    """`sqlite3_vfs`: what can be done with names."""

    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        ("xOpen", _OPEN),
        ("xDelete", _DELETE),
        *((name, c_void_p) for name in ("xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym", "xDlClose")),
        *((name, c_void_p) for name in ("xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64")),
        ("xSetSystemCall", _SET_CALL),
        ("xGetSystemCall", _GET_CALL),
        ("xNextSystemCall", c_void_p),
    )


class Observer(Protocol):
    """Who is told of SQLite's calls. `fails` is asked before each: 0, or the error that it ends with instead."""

    def fails(self, call: str) -> int: ...
    def opened(self, file: int, path: str) -> None: ...
    def written(self, file: int, offset: int, data: bytes) -> None: ...
    def truncated(self, file: int, size: int) -> None: ...
    def synced(self, file: int, *, well: bool) -> None: ...
    def deleted(self, path: str) -> None: ...
    def folder_synced(self) -> None: ...


class Seam:
    """SQLite's default VFS from now on, for files that are opened later. For the rest of a process's life."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._kept: list[object] = []  # what SQLite points to
        library = _library()
        self._unix: Any = library.sqlite3_vfs_find(None).contents
        self._replaced: dict[int, _Methods] = {}  # by the address of the unix VFS's own
        vfs = _Vfs.from_buffer_copy(self._unix)
        vfs.zName = b"observed"
        vfs.xOpen, vfs.xDelete = _OPEN(_loudly(self._open)), _DELETE(_loudly(self._delete))
        self._watch_folders()
        self._kept.append(vfs)
        assert library.sqlite3_vfs_register(ctypes.byref(vfs), 1) == OK

    def _watch_folders(self) -> None:
        """A folder is synced right after it was opened for that: by the unix VFS, which has no other use for it."""
        open_folder = _OPEN_FOLDER(self._unix.xGetSystemCall(ctypes.byref(self._unix), b"openDirectory"))

        def watched(path: bytes, descriptor: Any) -> int:
            code: int = open_folder(path, descriptor)
            if code == OK:
                self._observer.folder_synced()
            return code

        replaced = _OPEN_FOLDER(_loudly(watched))
        self._kept.append(replaced)
        assert self._unix.xSetSystemCall(ctypes.byref(self._unix), b"openDirectory", ctypes.cast(replaced, c_void_p)) == OK

    def _open(self, _: int, path: int | None, file: int, flags: int, given: int | None) -> int:
        if code := self._observer.fails("open"):
            _pointer_at(file).value = None  # SQLite closes what has methods
            return code
        code = int(self._unix.xOpen(ctypes.addressof(self._unix), path, file, flags, given))
        methods = _pointer_at(file)
        if code == OK and path and methods.value:
            methods.value = ctypes.addressof(self._methods_for(methods.value))
            self._observer.opened(file, ctypes.string_at(path).decode())
        return code

    def _delete(self, _: int, path: bytes, sync: int) -> int:
        if code := self._observer.fails("delete"):
            return code
        if os.path.exists(path):  # noqa: PTH110  # Path's may be made to fail
            self._observer.deleted(path.decode())  # first: the folder is synced in the call
        return int(self._unix.xDelete(ctypes.addressof(self._unix), path, sync))

    def _methods_for(self, address: int) -> _Methods:
        """Methods that call those at *address*, and tell of it."""
        if address in self._replaced:
            return self._replaced[address]
        unix, observer = _Methods.from_address(address), self._observer
        own = _Methods.from_buffer_copy(unix)

        def write(file: int, data: int, amount: int, offset: int) -> int:
            code = observer.fails("write")
            written = amount // 2 if code else amount  # a write that fails may have begun
            if written:
                done = int(unix.xWrite(file, data, written, offset))
                assert done == OK, f"the disk of this machine fails: {done}"
                observer.written(file, offset, ctypes.string_at(data, written))
            return code

        def truncate(file: int, size: int) -> int:
            if code := observer.fails("truncate"):
                return code
            observer.truncated(file, size)
            return int(unix.xTruncate(file, size))

        def sync(file: int, flags: int) -> int:
            code = observer.fails("sync")
            if not code:
                code = int(unix.xSync(file, flags))
            observer.synced(file, well=code == OK)
            return code

        def failing(call: str, method: Callable[..., int]) -> Callable[..., int]:
            return lambda *arguments: observer.fails(call) or int(method(*arguments))

        own.xWrite, own.xTruncate, own.xSync = _READ(_loudly(write)), _TRUNCATE(_loudly(truncate)), _FLAG(_loudly(sync))
        own.xRead, own.xLock = _READ(_loudly(failing("read", unix.xRead))), _FLAG(_loudly(failing("lock", unix.xLock)))
        if unix.iVersion >= 2:
            own.xShmMap = _MAP(_loudly(failing("map", unix.xShmMap)))
            own.xShmLock = _SHARED_LOCK(_loudly(failing("shared lock", unix.xShmLock)))
        self._replaced[address] = own
        return own


def _pointer_at(address: int) -> c_void_p:
    return c_void_p.from_address(address)


def _library() -> Any:
    """The extension module that holds SQLite, or is linked with it."""
    module = sys.modules.get("pysqlite3._sqlite3") or sys.modules["_sqlite3"]  # Signoff has imported one of them
    library = ctypes.CDLL(str(module.__file__))
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    return library


def _loudly(function: Callable[..., int]) -> Callable[..., int]:
    """*function*, where an exception ends the process: SQLite would take it for a call that went well."""

    def loud(*arguments: Any) -> int:
        try:
            return function(*arguments)
        except BaseException:
            traceback.print_exc()
            os._exit(3)

    return loud
