import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

BOOTSTRAP = Path(__file__).with_name("bootstrap.mjs")
READ_BYTES = 65_536
EXIT_TIMEOUT_SECONDS = 5


class ProcessEnded(Exception):
    """The process went away instead of answering; its message says how."""


class NodeProcess:
    """One process that answers one message at a time, a line each way over a socket; what it prints goes to `on_output`.

    It stays in LocalStack's process group: whatever ends that ends it too, even when LocalStack itself hangs.
    """

    def __init__(self, name: str, cwd: str, env: dict[str, str], on_output: Callable[[bytes], None]) -> None:
        self._on_output = on_output
        self._busy = threading.Lock()  # held while the socket and the pipe are in use
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(
                [os.environ.get("LAMBDA_NODE", "node"), str(BOOTSTRAP), name],
                cwd=cwd,
                env={**env, "LAMBDA_SOCKET": str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        os.set_blocking(self._process.stdout.fileno(), False)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, message: bytes, timeout: float) -> bytes:
        """Sends a line and waits for one. Raises TimeoutError, or ProcessEnded."""
        with self._busy:
            answer = self._exchange(message, time.monotonic() + timeout)
            self._drain()
        if not answer.endswith(b"\n"):
            raise ProcessEnded(self._how_it_ended())
        return bytes(answer[:-1])

    def end(self) -> None:
        """Kills it, also in the middle of an answer, and waits."""
        self._process.kill()
        self._process.wait()
        with self._busy:
            self._drain()
            self._socket.close()
            self._process.stdout.close()

    def _exchange(self, message: bytes, deadline: float) -> bytearray:
        """Output is read meanwhile: a process that waits for room in the pipe would not read its message either."""
        left, answer = memoryview(message), bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            ready.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while not answer.endswith(b"\n"):
                for key, events in self._wait(ready, deadline):
                    if key.fileobj is not self._socket:
                        if not self._read_output():
                            ready.unregister(key.fileobj)
                        continue
                    try:
                        if events & selectors.EVENT_WRITE:
                            left = left[self._socket.send(left) :]
                            if not left:
                                ready.modify(self._socket, selectors.EVENT_READ)
                        if events & selectors.EVENT_READ:
                            received = self._socket.recv(READ_BYTES)
                            if not received:
                                return answer
                            answer += received
                    except (BrokenPipeError, ConnectionResetError):
                        return bytearray()
        return answer

    def _wait(self, ready: selectors.BaseSelector, deadline: float) -> list:
        events = ready.select(max(0, deadline - time.monotonic()))
        if not events and time.monotonic() >= deadline:
            raise TimeoutError
        return events

    def _read_output(self) -> bool:
        """False at the end of the output."""
        try:
            output = os.read(self._process.stdout.fileno(), READ_BYTES)
        except BlockingIOError:
            return True
        self._on_output(output)
        return bool(output)

    def _drain(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while ready.select(0) and self._read_output():
                pass

    def _how_it_ended(self) -> str:
        """In the words of AWS."""
        try:
            code = self._process.wait(EXIT_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return "Runtime closed its connection"
        if code < 0:
            return f"Runtime exited with error: signal: {signal.strsignal(-code).lower()}"
        return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"
