"""The OpenAPI document and its pages."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from django.test import Client
from drf_spectacular.validation import validate_schema
from playwright.sync_api import Response, sync_playwright

from core.api import documentation

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 200_000
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def schema() -> dict:
    return yaml.safe_load(Client().get("/api/schema/").content)


def operations(schema: dict):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_the_document_is_valid_openapi(schema):
    validate_schema(schema)
    assert schema["openapi"].startswith("3.0")


def test_the_document_comes_as_yaml_and_as_json_and_is_cached(api_client, schema):
    as_json = api_client.get("/api/schema/", HTTP_ACCEPT="application/json")
    assert json.loads(as_json.content) == schema
    assert api_client.get("/api/schema/?format=json").content == as_json.content
    again = api_client.get("/api/schema/?format=json", HTTP_IF_NONE_MATCH=as_json["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_every_operation_names_its_problems(schema):
    for name, operation in operations(schema):
        answers = set(operation["responses"])
        expected = {"406", "429", "503"}
        if "requestBody" in operation:
            expected |= {"400", "413", "415"}
        if "{" in name:
            expected.add("404")
        if {"bearer": []} in operation.get("security", []):
            expected.add("401")
        assert expected <= answers, name
        problem = operation["responses"]["429"]["$ref"].rpartition("/")[2]
        content = schema["components"]["responses"][problem]["content"]
        assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_credentials_are_asked_where_they_are_needed(schema):
    security = {name: operation.get("security", []) for name, operation in operations(schema)}
    assert security["post /api/v1/auth/login/"] == []
    assert security["get /api/v1/users/profile/"] == [{"bearer": []}]
    assert security["get /api/v1/products/"] == [{}, {"bearer": []}]
    assert security["post /api/v1/products/"] == [{"bearer": []}]
    assert "401" in schema["paths"]["/api/v1/auth/login/"]["post"]["responses"]


def test_the_schema_lists_how_users_are_made_and_shown(schema):
    components = schema["components"]["schemas"]
    taken = {"email", "password", "first_name", "last_name", "language"}
    assert set(components["UserCreateRequest"]["properties"]) == taken
    assert {"full_name", "role", "is_verified", "created_at"} <= set(components["User"]["properties"])
    assert "password" not in components["User"]["properties"]


def look_at(url: str, part: str, text: str) -> list[str]:
    """Wait in a real browser until the page has the part and says the text; whatever it complained about or asked of
    other sites."""
    complaints: list[str] = []
    origin = url[: url.index("/", 8)]

    def note_foreign(response: Response) -> None:
        if not response.url.removeprefix("blob:").startswith((origin, "data:")):
            complaints.append(f"asked {response.url}")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE_MS)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", note_foreign)
        page.goto(url)
        page.wait_for_selector(part)
        page.wait_for_function("text => document.body.innerText.includes(text)", arg=text)
        browser.close()
    return complaints


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize(
    ("path", "part", "tolerated"),
    [
        ("/swagger/", ".opblock-summary", []),
        # ReDoc's own footer logo is on another site: the policy blocks it, and nothing is asked.
        ("/redoc/", "[data-section-id]", ["https://cdn.redoc.ly/redoc/logo-mini.svg"]),
    ],
)
def test_the_pages_work_in_a_browser_without_the_network(live_server, path, part, tolerated):
    # Playwright runs an event loop in its thread, where Django refuses to work.
    with ThreadPoolExecutor(1) as thread:
        complaints = thread.submit(look_at, live_server.url + path, part, "/api/v1/auth/login/").result()
    assert [line for line in complaints if not any(known in line for known in tolerated)] == []


def test_threads_that_ask_for_the_first_document_at_once_all_get_it():
    documentation._generated.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(documentation.schema_document, ["json", "yaml"] * 8))
    assert len(set(answers)) == 2
