import os
import threading
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024


class FunctionLog:
    """What a function prints, in a file. At MAX_BYTES it becomes FILE.1, so that at most twice as much lies on disk."""

    _lock = threading.Lock()  # environments of one function write to the same file

    def __init__(self, folder: str | None, function_name: str) -> None:
        self._path = Path(folder, f"{function_name}.log") if folder else None

    def append(self, output: bytes) -> None:
        if not self._path or not output:
            return
        with self._lock:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(output)
                full = file.tell() > MAX_BYTES
            if full:
                os.replace(self._path, f"{self._path}.1")
