"""A mail server on the loopback that says what a test wants."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """What was accepted, and the answers to give: each list is used up from the front, then all is well.

    An answer to the data of None drops the line after the mail was accepted.
    """

    accepted: list[EmailMessage] = field(default_factory=list)
    recipient_answers: list[str] = field(default_factory=list)
    data_answers: list[str | None] = field(default_factory=list)
    # Called before each answer to the data.
    before_data_answer: Callable[[], object] = lambda: None

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        answer = self.recipient_answers.pop(0) if self.recipient_answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.before_data_answer()
        answer = self.data_answers.pop(0) if self.data_answers else "250 OK"
        if answer is None or answer.startswith("250"):
            self.accepted.append(message_from_bytes(envelope.content, policy=policy.default))
        if answer is None:
            server.transport.abort()
            return "250 OK"
        return answer


@contextmanager
def mail_server(port: int) -> Iterator[MailServer]:
    """A server on that port of the loopback, within the block."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=port, ready_timeout=120)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


class StutteringServer(socketserver.ThreadingTCPServer):
    """Answers one step line by line, each soon after the last, until it is cut off or the lines are used up."""

    daemon_threads = True
    LINES, SECONDS_BETWEEN = 100, 0.2

    def __init__(self, port: int, step: bytes | None) -> None:
        super().__init__(("127.0.0.1", port), _Stutterer)
        # A verb, "greeting" or "content".
        self.step = step
        self.accepted: list[bytes] = []
        self.is_over = threading.Event()


class _Stutterer(socketserver.StreamRequestHandler):
    server: StutteringServer

    def handle(self) -> None:
        with suppress(OSError):
            self._answer(b"greeting", b"220")
            for line in self.rfile:
                verb = line[:4].upper()
                self._answer(verb, b"354" if verb == b"DATA" else b"250")
                if verb == b"DATA":
                    self.server.accepted.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                    self._answer(b"content", b"250")

    def _answer(self, step: bytes, code: bytes) -> None:
        if step == self.server.step:
            for _ in range(self.server.LINES):
                if self.server.is_over.wait(self.server.SECONDS_BETWEEN):
                    break
                self.wfile.write(code + b"-Wait\r\n")
        self.wfile.write(code + b" OK\r\n")


@contextmanager
def stuttering_server(port: int, step: bytes | None) -> Iterator[StutteringServer]:
    """A server on that port of the loopback which stutters at this step, within the block."""
    with StutteringServer(port, step) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()
