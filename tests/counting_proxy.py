"""A proxy before Valkey that counts which process asks, and how long each waits for nothing."""

import socket
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PEER_CREDENTIALS = struct.Struct("3i")


@dataclass
class Attempt:
    """One connection: whose it was, when the process last asked on it, when it was answered or given up."""

    process: int
    asked_at: float
    ended_at: float | None = None


class CountingProxy:
    """Listens on a Unix socket, where the kernel tells whose a connection is, and passes on to a TCP port."""

    def __init__(self, path: Path, port: int) -> None:
        self.path = path
        self.port = port
        self.attempts: list[Attempt] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(100)
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self) -> None:
        """Count from now on."""
        self.attempts = []

    def unanswered(self) -> list[Attempt]:
        """The attempts so far that got no answer, oldest first."""
        return sorted((a for a in self.attempts if a.ended_at is not None), key=lambda attempt: attempt.asked_at)

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        asked_at = time.monotonic()
        process, _, _ = PEER_CREDENTIALS.unpack(
            client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size)
        )
        try:
            server = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        except OSError:
            client.close()
            self.attempts.append(Attempt(process, asked_at, time.monotonic()))
            return
        server.settimeout(None)
        waiting: list[Attempt] = []
        threading.Thread(target=self._answer, args=(server, client, waiting), daemon=True).start()
        with client, server:
            while question := self._received(client):
                waiting.append(Attempt(process, time.monotonic()))
                try:
                    server.sendall(question)
                except OSError:
                    break
            for attempt in waiting[:1]:
                attempt.ended_at = time.monotonic()
                self.attempts.append(attempt)
            server.close()

    def _answer(self, server: socket.socket, client: socket.socket, waiting: list[Attempt]) -> None:
        while answer := self._received(server):
            waiting.clear()
            try:
                client.sendall(answer)
            except OSError:
                return
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    @staticmethod
    def _received(end: socket.socket) -> bytes:
        try:
            return end.recv(65536)
        except OSError:
            return b""
