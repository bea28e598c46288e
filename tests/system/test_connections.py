"""What a connection does after a refusal, seen from the wire."""

import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.running import WAIT_SECONDS, RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


def connection_to(shop: RunningShop) -> HTTPConnection:
    """One connection that is not opened a second time."""
    connection = HTTPConnection(urlsplit(shop.url).netloc, timeout=WAIT_SECONDS)
    connection.connect()
    connection.auto_open = 0
    return connection


def test_a_refusal_leaves_the_connection_for_the_next_request(shop):
    body = b'{"title": "Mug"}'
    # A worker's first answer takes longer than the pause.
    for _ in range(6):
        connection = connection_to(shop)
        connection.putrequest("POST", "/api/v1/products/")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        # The head is enough to refuse while the body is still on its way: most clients send them apart.
        time.sleep(0.1)
        connection.send(body)
        refusal = connection.getresponse()
        assert (refusal.status, b"not_authenticated" in refusal.read()) == (401, True)
        connection.request("GET", "/health/live/")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_body_of_unknown_length_is_refused_and_not_read_as_empty(shop):
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    for _ in range(6):
        connection = connection_to(shop)
        connection.request("POST", "/api/v1/carts/", headers=headers)
        time.sleep(0.1)
        connection.send(b'9\r\n{"items":\r\n4\r\n []}\r\n0\r\n\r\n')
        answer = connection.getresponse()
        assert (answer.status, b"length_required" in answer.read()) == (411, True)
        connection.request("GET", "/health/live/")
        assert connection.getresponse().status == 200
        connection.close()
