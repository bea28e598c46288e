"""Where a request comes from. Forwarded addresses are believed only from configured proxies."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]):
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def client_address(request: HttpRequest) -> str:
    """The caller's address: the peer, or the last hop of X-Forwarded-For that is not our own proxy.

    What stands further left in the header was written by the caller and is not believed. A request
    over a unix socket has no peer and counts as coming from a proxy when any is trusted.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    if not settings.TRUSTED_PROXIES:
        return peer
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    hops = [hop for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    address = _parsed(peer)
    believed = peer
    while (address is None and not peer) or (address is not None and any(address in net for net in trusted)):
        if not hops:
            break
        address = _parsed(hops.pop())
        if address is None:
            break
        believed = str(address)
    return believed


def client_network(request: HttpRequest) -> str:
    """The address that limits count by: IPv6 by its /64, which one household owns as a whole."""
    text = client_address(request)
    address = _parsed(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or text)
