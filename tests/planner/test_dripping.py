"""A server that never comes to an end of its headers is waited for as long as was said, in a thread and in a task."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signoff.actor import Actor
from signoff.planner import Outcome
from tests.planner.conftest import Ask, Way, failed


@pytest.fixture(params=["http", "https"])
def dripping(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that sends a byte of a header now and then, for as long as anybody listens."""
    certificate = _certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    done = Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=_drip, args=(listening, done, certificate if request.param == "https" else None))
        thread.start()
        yield f"{request.param}://127.0.0.1:{listening.getsockname()[1]}/v1"
        done.set()
        thread.join()


def _drip(listening: socket.socket, done: Event, certificate: Path | None) -> None:
    listening.settimeout(10)
    connection, _ = listening.accept()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        connection = context.wrap_socket(connection, server_side=True)
    with connection, contextlib.suppress(OSError):  # the other side has hung up
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Header: ")
        while not done.wait(0.05):
            connection.sendall(b"x")


def _certificate(file: Path) -> Path:
    """A key and a certificate for this machine, which vouches for itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    file.write_bytes(written)
    return file


def test_headers_that_never_end_are_given_up(llm: Ask, dana: Actor, way: Way, dripping: str) -> None:
    """The time for one answer is counted from the request, over TLS too, whatever comes meanwhile."""
    started = time.monotonic()
    planned = way(llm(base_url=dripping, timeout=0.5), "check my balance", dana)
    assert "within 0.5 seconds; try again, or raise SIGNOFF_MODEL_TIMEOUT" in failed(planned, Outcome.PROVIDER_ERROR)
    assert time.monotonic() - started < 5
