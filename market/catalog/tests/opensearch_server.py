"""A stand-in for OpenSearch on loopback: it understands the requests of the adapter and refuses all others.

No cluster runs in the tests. What is checked is that the adapter keeps the contract of an engine with
a server that answers as the documentation of OpenSearch says.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Cluster:
    """Its documents by id, their versions, and every request as method and path."""

    url: str = ""
    is_away: bool = False
    mapping: dict[str, Any] | None = None
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        self.requests.append((method, path))
        if self.is_away:
            return 503, {"error": "away"}
        match method, path.partition("?")[0].strip("/").split("/"):
            case "GET", [""]:
                return 200, {"version": {"number": "2.0.0", "distribution": "opensearch"}}
            case "HEAD", [_]:
                return (404 if self.mapping is None else 200), None
            case "PUT", [_]:
                self.mapping = json.loads(body)
                return 200, {"acknowledged": True}
            case "POST", ["_bulk"]:
                return 200, {"items": list(self._bulk([json.loads(line) for line in body.splitlines()]))}
            case "POST", [_, "_search"]:
                return 200, self._search(json.loads(body))
        return 400, {"error": f"{method} {path} is not understood"}

    def _bulk(self, lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        rest = iter(lines)
        for line in rest:
            ((action, target),) = line.items()
            document = next(rest) if action == "index" else None
            assert document is None or set(document) <= set(self.mapping["mappings"]["properties"])
            key, version = target["_id"], target["version"]
            assert target["version_type"] == "external_gte"
            is_old = version < self.versions.get(key, 0)
            if not is_old:
                self.versions[key] = version
                self.documents.pop(key, None)
                if document is not None:
                    self.documents[key] = document
            yield {action: {"_id": key, "status": 409 if is_old else 200}}

    def _search(self, body: dict[str, Any]) -> dict[str, Any]:
        assert body["sort"] == [{"_score": "desc"}, {"popularity": "desc"}, {"product_id": "desc"}]
        hits = []
        for document in self.documents.values():
            score = score_of(document, body["query"])
            if score is not None:
                fields = {name: [document[name]] for name in body["fields"]}
                hits.append({"_score": score, "fields": fields})
        hits.sort(key=lambda hit: (hit["_score"], hit["fields"]["popularity"], hit["fields"]["product_id"]))
        return {"hits": {"hits": hits[::-1][: body["size"]]}}


def score_of(document: dict[str, Any], query: dict[str, Any]) -> float | None:
    """How well a document matches; None when it does not."""
    ((kind, asked),) = query.items()
    match kind:
        case "bool":
            if any(score_of(document, part) is None for part in asked.get("filter", [])):
                return None
            must = [score_of(document, part) for part in asked.get("must", [])]
            should = [score for part in asked.get("should", []) if (score := score_of(document, part)) is not None]
            if None in must or len(should) < asked.get("minimum_should_match", 0):
                return None
            return sum(must) + sum(should)
        case "term":
            ((name, value),) = asked.items()
            return 0.0 if document[name] == value else None
        case "terms":
            boost = asked.get("boost", 1)
            ((name, values),) = ((name, values) for name, values in asked.items() if name != "boost")
            return boost if document[name] in values else None
        case "multi_match":
            is_prefix = asked.get("type") == "phrase_prefix"
            scores = [
                float(boost) * asked.get("boost", 1)
                for name, boost in (text.split("^") for text in asked["fields"])
                for word in document[name].split(" ")
                if (word.startswith(asked["query"]) if is_prefix else word == asked["query"])
            ]
            return max(scores, default=None)
    raise AssertionError(f"a query of the kind {kind}")


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A server on a free port for the time of the block."""
    cluster = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = cluster.answer(self.command, self.path, body)
            payload = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_HEAD = do_PUT = do_POST = handle_any

        def log_message(self, *args: Any) -> None:
            """Requests are in `cluster.requests`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cluster.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
