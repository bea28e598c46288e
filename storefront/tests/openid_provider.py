"""A small OpenID provider on loopback: discovery, token and userinfo, strict about codes, secrets and PKCE."""

import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt

CLIENT_ID, CLIENT_SECRET = "the-shop", "a-secret-of-the-shop"


class OpenIDProvider:
    """Knows one person at a time: `person` are the claims. `twist` changes what it answers."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.person: dict[str, Any] = {}
        self.twist: dict[str, Any] = {}
        # What it answers instead, by path: anything that is JSON, or bytes that need not be.
        self.odd: dict[str, Any] = {}
        self.grants: dict[str, dict[str, str]] = {}
        self.tokens: set[str] = set()

    def approve(self, address: str) -> dict[str, str]:
        """What the browser brings back after the person has said yes at this address."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT_ID
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = uuid4().hex
        self.grants[code] = asked
        return {"code": code, "state": asked["state"]}

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Tokens for a code, once, to who knows the secret and the verifier of its challenge."""
        grant = self.grants.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        is_good = (
            grant is not None
            and form.get("client_secret") == CLIENT_SECRET
            and grant["redirect_uri"] == form.get("redirect_uri")
            and grant["code_challenge"] == challenge
        )
        if not is_good:
            return None
        access = uuid4().hex
        self.tokens.add(access)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60, **self.person}
        id_token = jwt.encode(claims | self.twist.get("id_token", {}), "x" * 32, algorithm="HS256")
        return {"access_token": access, "token_type": "Bearer", "id_token": id_token}

    def userinfo(self, header: str) -> dict[str, Any] | None:
        return self.person | self.twist.get("userinfo", {}) if header.removeprefix("Bearer ") in self.tokens else None


@contextmanager
def openid_provider() -> Iterator[OpenIDProvider]:
    """The provider, answering in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                self._answer(provider.configuration())
            else:
                self._answer(provider.userinfo(self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if (basic := self.headers.get("Authorization", "")).startswith("Basic "):
                form["client_secret"] = b64decode(basic[6:]).decode().partition(":")[2]
            self._answer(provider.token(form))

        def _answer(self, document: dict[str, Any] | None) -> None:
            content = json.dumps(document or {"error": "invalid_grant"}).encode()
            if (path := self.path.rpartition("/")[2]) in provider.odd:
                document, odd = {"odd": True}, provider.odd[path]
                content = odd if isinstance(odd, bytes) else json.dumps(odd).encode()
            self.send_response(200 if document else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = OpenIDProvider(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield provider
    server.shutdown()
    server.server_close()
