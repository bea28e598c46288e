"""A mail server on the loopback that says what a test wants."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def mail_server(port: int) -> Iterator[MailServer]:
    """A server on that port of the loopback, within the block."""
    server = MailServer()
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
