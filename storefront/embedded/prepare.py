"""Brings the database to the state that the code expects: `python -m storefront.embedded.prepare`.

Migrations, the sample catalog for an empty shop, an administrator, collected static files. Each is
done only where it is missing, so a second start passes through in a moment.
"""

import hashlib
import os
import secrets
import sys
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from storefront.embedded import DEFAULT_ADMIN

SAMPLE_CATALOG = Path(__file__).resolve().parents[2] / "tasks/imports/data/online-retail-sample.csv.gz"


def migrate() -> None:
    """Apply what is missing."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not missing:
        print("The database is up to date.", flush=True)
        return
    print(f"Applying {len(missing)} migrations.", flush=True)
    call_command("migrate", interactive=False, verbosity=1)


def load_sample_catalog() -> None:
    """Fill a shop without any product."""
    if apps.get_model("catalog", "Product").objects.exists():
        return
    print("The shop has no products: loading the sample catalog.", flush=True)
    call_command("import_online_retail", str(SAMPLE_CATALOG))


def ensure_administrator() -> None:
    """Make the administrator that the environment names, or a first one with a random password.

    An existing user named by the environment gets its password again, so that what the operator
    wrote down works. Without names nothing is made where there is a superuser already.
    """
    users = apps.get_model("accounts", "User").objects
    password_file = settings.DATA_DIR / "admin-password"
    named = os.environ.get("DJANGO_SUPERUSER_EMAIL", "")
    given = os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
    email = named or DEFAULT_ADMIN
    user = users.filter(email__iexact=email).first()
    password = given or (password_file.read_text().strip() if password_file.exists() else "")
    if user is None and (named or not users.filter(is_superuser=True).exists()):
        password = password or secrets.token_urlsafe(12)
        user = users.create_superuser(email=email, password=password)
        print(f"Made the administrator {email}.", flush=True)
    elif user is not None and given and not user.check_password(given):
        user.set_password(given)
        user.save(update_fields=["password"])
        print(f"Set the password of {email} to DJANGO_SUPERUSER_PASSWORD.", flush=True)
    is_shown = user is not None and not given and password and user.check_password(password)
    if is_shown:
        password_file.touch(mode=0o600)
        password_file.write_text(f"{password}\n")
    else:
        password_file.unlink(missing_ok=True)


def collect_static_files() -> None:
    """Collect and hash the static files when any has changed. With DEBUG they are served as they lie."""
    if settings.DEBUG:
        return
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = os.stat(storage.path(path))
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    print("Collecting static files.", flush=True)
    call_command("collectstatic", interactive=False, verbosity=1)
    stamp.write_text(digest.hexdigest())


def main() -> None:
    django.setup()
    try:
        connection.ensure_connection()
    except OperationalError as error:
        sys.exit(f"The database of DATABASE_URL does not answer: {str(error).strip().splitlines()[0]}")
    try:
        migrate()
        load_sample_catalog()
        ensure_administrator()
        collect_static_files()
    except CommandError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
