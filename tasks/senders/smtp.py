"""SMTP that ends in time: however slowly a server dribbles its answers, each mail's conversation is bounded.

`EMAIL_TIMEOUT` bounds the wait for the next byte alone: a server that says "250-" every few seconds keeps
within it for as long as it likes, while the mail's lease runs out and another sender is sent.
"""

import smtplib
import socket
from contextlib import suppress
from threading import Timer

from django.core.mail.backends.smtp import EmailBackend

from core.notifications.services import conversation_limit


class TookTooLong(smtplib.SMTPServerDisconnected):
    """We hung up, because the conversation's time was over."""


class BoundedSMTP(smtplib.SMTP):
    """Its line is cut when the time is over that it was given last: on connecting, and with `give_time`."""

    _line: socket.socket | None = None
    _timer: Timer | None = None
    _is_cut = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = super()._get_socket(host, port, timeout)
        # A second handle of the same line: TLS takes the first one over.
        self._line = connected.dup()
        self.give_time()
        return connected

    def give_time(self) -> None:
        """The line has the whole time again, from now on; one that was lost stays so."""
        self._stop_timer()
        if self._line is not None:
            self._timer = Timer(conversation_limit().total_seconds(), self._cut, [self._line])
            self._timer.daemon = True
            self._timer.start()

    def _cut(self, line: socket.socket) -> None:
        self._is_cut = True
        with suppress(OSError):  # the server has hung up already
            line.shutdown(socket.SHUT_RDWR)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None

    def getreply(self) -> tuple[int, bytes]:
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected as error:
            if self._is_cut:
                seconds = conversation_limit().total_seconds()
                raise TookTooLong(f"The server's answers took more than {seconds:g} s in all.") from error
            raise

    def close(self) -> None:
        super().close()
        self._stop_timer()
        if self._line is not None:
            self._line.close()
            self._line = None


class BoundedSMTPS(smtplib.SMTP_SSL, BoundedSMTP):
    """The same with TLS from the first byte: the line is watched from below it."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        try:
            return super()._get_socket(host, port, timeout)
        except OSError:  # the handshake failed
            self.close()
            raise


class BoundedBackend(EmailBackend):
    """Django's SMTP backend, none of whose conversations lasts longer than `conversation_limit()`.

    Connecting with TLS and login is one conversation, each mail another.
    """

    @property
    def connection_class(self) -> type[BoundedSMTP]:
        return BoundedSMTPS if self.use_ssl else BoundedSMTP

    def open(self) -> bool | None:
        try:
            return super().open()
        finally:
            if self._partial_connection is not None:
                self._partial_connection.close()
                self._partial_connection = None

    def give_time(self) -> None:
        """A mail's conversation begins."""
        if self.connection is not None:
            self.connection.give_time()
