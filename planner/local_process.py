"""The process in which a local model runs. It is started as a script, and imports nothing of ours.

A model's file is a stranger's data that is read by native code: where that crashes, only this process does. It is told
what to serve in one line of JSON on its standard input, answers with one line on its standard output, and ends when its
input does, which is also when the process that started it is gone.
"""

import json
import os
import signal
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xllamacpp import Server

HOST = "127.0.0.1"


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever talks to the planner
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what native code prints is no answer
    told = json.loads(sys.stdin.buffer.readline())
    _end_after(told["seconds"])
    Thread(target=_end_with_input, daemon=True).start()
    try:
        server = _serve(told)
        told = {"url": _checked(server.listening_address)}
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    _end_after(0)
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, 1)  # from here on nobody reads what is printed
    os.dup2(nobody, 2)
    print(json.dumps(told), file=answers, flush=True)
    if "url" not in told:
        os._exit(1)
    Event().wait()


def _serve(told: dict[str, Any]) -> "Server":
    """The server that was *told* of, with its model loaded."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = told["model"]
    params.n_ctx = told["context"]
    params.n_predict = told["tokens"]
    params.hostnames = [HOST]
    params.port = 0  # one that is free
    params.reuse_port = False
    params.api_keys = [told["key"]]
    params.offline = True
    params.ui = False
    params.endpoint_slots = False
    params.cache_ram_mib = 0
    params.n_parallel = 1
    params.verbosity = 1  # errors
    if told["threads"] is not None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = told["threads"]
    return xllamacpp.Server(params)


def _checked(address: str) -> str:
    """*address*. Raises RuntimeError where others than this machine could reach it."""
    if not address.startswith(f"http://{HOST}:"):
        raise RuntimeError(f"the server listens at {address}, not at {HOST}")
    return address


def _end_after(seconds: int) -> None:
    """End this process in so many *seconds*; not at all in 0. No thread could: native code that loads a model lets none run."""
    if hasattr(signal, "alarm"):  # not on Windows
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # without the native code's own end, which may wait


if __name__ == "__main__":
    main()
