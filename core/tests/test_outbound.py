"""What strangers name is fetched from the public internet alone."""

import ipaddress
import socket

import pytest

from core.errors import Invalid, Unavailable
from core.outbound import checked_target, fetch, is_public
from core.tests.web_server import web_server

PUBLIC = "93.184.215.14"


@pytest.fixture
def names(monkeypatch):
    """What names resolve to: the addresses of each, and those that were asked for."""
    known, asked = {"pictures.example": [PUBLIC]}, []

    def resolve(host: str, port: int, **options) -> list:
        asked.append(host)
        try:
            found = known[host] if host in known else [str(ipaddress.ip_address(host))]
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "unknown") from None
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known, asked


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    ],
)
def test_what_is_not_public_is_not_asked(names, address):
    known, _ = names
    assert not is_public(ipaddress.ip_address(address))
    for hosts in ([address], [PUBLIC, address]):
        known["pictures.example"] = hosts
        with pytest.raises(Invalid) as refusal:
            checked_target("http://pictures.example/a.jpg")
        assert refusal.value.errors[0].code == "not_public"


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_what_is_public_is(names, address):
    names[0]["pictures.example"] = [address]
    assert checked_target("https://pictures.example/a.jpg").address == address


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "invalid"),
        ("pictures.example/a.jpg", "invalid"),
        ("file:///etc/passwd", "invalid"),
        ("ftp://pictures.example/a.jpg", "invalid"),
        ("gopher://pictures.example/", "invalid"),
        ("http:///a.jpg", "invalid"),
        ("http://[::1", "invalid"),
        ("http://pictures.example:99999/", "invalid"),
        ("http://pictures.example/a b.jpg", "invalid"),
        ("http://pictures.example/\r\nHost: inside", "invalid"),
        ("http://pictures.example/" + "x" * 2000, "invalid"),
        ("http://user:secret@pictures.example/", "credentials"),
        ("http://pictures.example@127.0.0.1/", "credentials"),
        ("http://pictures.example:6379/", "not_public"),
        ("http://pictures.example:22/", "not_public"),
        ("http://127.0.0.1/", "not_public"),
        ("http://[::1]/", "not_public"),
        ("http://[::ffff:127.0.0.1]/", "not_public"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused(names, url, code):
    with pytest.raises(Invalid) as refusal:
        checked_target(url)
    assert refusal.value.errors[0].code == code


@pytest.mark.parametrize("url", ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://localhost/"])
def test_other_spellings_of_the_loopback_are_seen_through(url):
    with pytest.raises((Invalid, Unavailable)):
        checked_target(url)


def test_a_name_that_resolves_to_something_else_a_moment_later_gains_nothing(names, monkeypatch):
    known, asked = names
    connected = []

    def connect(address: tuple, timeout: float) -> None:
        connected.append(address)
        known["pictures.example"] = ["127.0.0.1"]
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unavailable):
        fetch("http://pictures.example/a.jpg", max_bytes=100, seconds=5)
    assert (asked, connected) == (["pictures.example"], [(PUBLIC, 80)])


def test_redirects_are_held_to_the_same(settings):
    answers = {"/ok": b"picture", "/once": "/ok", "/twice": "/once", "/round": "/round"}
    answers |= {"/inside": "http://169.254.169.254/latest/meta-data/", "/file": "file:///etc/passwd"}
    with web_server(answers) as (address, asked):
        settings.OUTBOUND_PRIVATE_NETWORKS = ["127.0.0.0/8"]
        assert fetch(f"{address}/twice", max_bytes=100, seconds=5) == b"picture"
        codes = {}
        for path in ("/round", "/inside", "/file"):
            with pytest.raises(Invalid) as refusal:
                fetch(address + path, max_bytes=100, seconds=5)
            codes[path] = refusal.value.errors[0].code
        assert codes == {"/round": "too_many_redirects", "/inside": "not_public", "/file": "invalid"}
        assert asked.count("/round") == 4
        settings.OUTBOUND_PRIVATE_NETWORKS = []
        with pytest.raises(Invalid, match="public internet"):
            fetch(f"{address}/ok", max_bytes=100, seconds=5)


def test_an_answer_is_bounded_in_size_and_time(settings):
    settings.OUTBOUND_PRIVATE_NETWORKS = ["127.0.0.1"]
    with web_server({"/large": b"x" * 101, "/fits": b"x" * 100, "/slow": None, "/broken": 500}) as (address, _):
        assert fetch(f"{address}/fits", max_bytes=100, seconds=5) == b"x" * 100
        with pytest.raises(Invalid) as refusal:
            fetch(f"{address}/large", max_bytes=100, seconds=5)
        assert refusal.value.errors[0].code == "too_large"
        for path in ("/slow", "/broken", "/missing"):
            with pytest.raises(Unavailable):
                fetch(address + path, max_bytes=100, seconds=0.2 if path == "/slow" else 5)
    with pytest.raises(Unavailable):
        fetch(f"{address}/gone", max_bytes=100, seconds=5)
