"""Static files as a real shop serves them: collected, hashed, kept by browsers."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# A fresh process, as hashed names are read once at start.
ASK = """
import json
import django
django.setup()
from django.core.management import call_command
from django.templatetags.static import static
large = ["drf_spectacular_sidecar", "rest_framework"]
call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=large)
from django.conf import settings
from django.test import Client
url = static("admin/css/base.css")
answers = {}
for name, path, headers in (
    ("hashed", url, {}),
    ("packed", url, {"HTTP_ACCEPT_ENCODING": "gzip"}),
):
    answer = Client(SERVER_NAME="localhost").get(path, **headers)
    body = b"".join(answer.streaming_content)
    answers[name] = {"url": path, "status": answer.status_code, "body": body.hex(), **answer.headers}
answers["plain"] = Client(SERVER_NAME="localhost").get("/static/admin/css/base.css").status_code
print(json.dumps(answers))
"""


def test_hashed_files_are_kept_for_good_and_sent_packed(tmp_path):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "storefront.settings.base", "STATIC_ROOT": str(tmp_path)}
    outcome = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    answers = json.loads(outcome.stdout.splitlines()[-1])
    hashed, packed = answers["hashed"], answers["packed"]
    manifest = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    assert hashed["url"] == f"/static/{manifest['admin/css/base.css']}" != "/static/admin/css/base.css"
    assert (hashed["status"], hashed["Cache-Control"]) == (200, "max-age=315360000, public, immutable")
    assert (packed["Content-Encoding"], "Accept-Encoding" in packed["Vary"]) == ("gzip", True)
    assert gzip.decompress(bytes.fromhex(packed["body"])) == bytes.fromhex(hashed["body"])
    # Names without a hash are not kept: nothing links to them.
    assert answers["plain"] == 404
