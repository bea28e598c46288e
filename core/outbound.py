"""Fetching what strangers name: only from the public internet, however the address is disguised.

A URL given to the shop could point into the network that the shop stands in: at its database, at a
cloud's metadata service, at an administrator's printer. So the name is resolved once, every address
that it has must be a public one, and the connection goes to the address that was looked at: a name
that resolves to something else a moment later gains nothing. Redirects are held to the same.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

from core.errors import FieldError, Invalid, Unavailable

PORTS = {"http": 80, "https": 443}
REDIRECTS = {301, 302, 303, 307, 308}
MAX_REDIRECTS = 3
MAX_URL = 2000
CHUNK = 64 * 1024
CONNECT_SECONDS = 5
# IPv6 addresses that carry an IPv4 address which would be reached instead.
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: the parts of it, and the one address to connect to."""

    parts: SplitResult
    port: int
    address: str


def fetch(url: str, *, max_bytes: int, seconds: float) -> bytes:
    """The body behind a URL, from the public internet alone.

    Raises Invalid for an address that is refused and for more than `max_bytes`, Unavailable for
    anything that another try may mend: no answer in so many seconds, or an answer other than 200.
    """
    deadline = time.monotonic() + seconds
    for _ in range(MAX_REDIRECTS + 1):
        target = checked_target(url)
        try:
            body, location = _get(target, max_bytes=max_bytes, deadline=deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"The address did not answer: {type(error).__name__}.") from error
        if location is None:
            return body
        url = urljoin(url, location)
    raise _refused("too_many_redirects", f"The address leads on more than {MAX_REDIRECTS} times.")


def checked_target(url: str) -> Target:
    """Resolve a URL, once. Raises Invalid for what is not HTTP at a usual port of the public internet,
    and Unavailable when nobody knows the name."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("invalid", "Give a complete address.") from error
    if parts.scheme not in PORTS or not parts.hostname or len(url) > MAX_URL or not url.isascii():
        raise _refused("invalid", "Give a complete address that begins with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise _refused("credentials", "Give an address without user name and password.")
    if any(character.isspace() or ord(character) < 32 for character in url):
        raise _refused("invalid", "Give an address without spaces.")
    wanted = port or PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, wanted, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable("Nobody knows the name in the address.") from error
    addresses = [ipaddress.ip_address(entry[4][0].split("%")[0]) for entry in found]
    known = [ipaddress.ip_network(network, strict=False) for network in settings.OUTBOUND_PRIVATE_NETWORKS]
    is_ours = all(any(address in network for network in known) for address in addresses)
    if not is_ours and (wanted not in PORTS.values() or not all(map(is_public, addresses))):
        raise _refused("not_public", "The address does not lie in the public internet.")
    return Target(parts, wanted, str(addresses[0]))


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet, and of one machine there."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _get(target: Target, *, max_bytes: int, deadline: float) -> tuple[bytes, str | None]:
    """The body, or where the answer leads instead."""
    sock = socket.create_connection((target.address, target.port), timeout=min(CONNECT_SECONDS, _left(deadline)))
    with sock:
        sock.settimeout(_left(deadline))
        if target.parts.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=target.parts.hostname)
        with sock:
            connection = http.client.HTTPConnection(target.parts.hostname, target.port)
            connection.sock = sock
            path = target.parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
            headers = {"Host": target.parts.netloc, "Accept-Encoding": "identity", "Connection": "close"}
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            if response.status in REDIRECTS and (location := response.getheader("Location")):
                return b"", location
            if response.status != 200:
                raise Unavailable(f"The address answered {response.status}.")
            return _read(response, sock, max_bytes=max_bytes, deadline=deadline), None


def _read(response: http.client.HTTPResponse, sock: socket.socket, *, max_bytes: int, deadline: float) -> bytes:
    body = bytearray()
    while chunk := response.read1(CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise _refused("too_large", f"What lies there is larger than {max_bytes // 1024:,} KB.")
        sock.settimeout(_left(deadline))
    return bytes(body)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left


def _refused(code: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError("url", code, message)])
