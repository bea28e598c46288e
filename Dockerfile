# syntax=docker/dockerfile:1
# One image for web, workers, beat and migrations: what runtime.txt and s3.txt pin, the code, the
# collected static files. Nothing of the test suite, nothing that compiles.

FROM python:3.13-slim AS packages
RUN python -m venv /opt/venv
COPY requirements/runtime.txt requirements/s3.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/venv/bin/pip install --disable-pip-version-check -r /requirements/runtime.txt -r /requirements/s3.txt

FROM python:3.13-slim AS shop
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=storefront.settings.production
WORKDIR /app
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin shop \
    && install --directory --owner=shop --group=shop /app/media
COPY --from=packages /opt/venv /opt/venv
COPY manage.py LICENSE ./
COPY core core
COPY market market
COPY tasks tasks
COPY templates templates
COPY storefront storefront
# The base settings need no secret; the hashed names are the same under all of them.
RUN python -m compileall -q core market tasks storefront \
    && DJANGO_SETTINGS_MODULE=storefront.settings.base python manage.py collectstatic --noinput --verbosity 0
USER shop
EXPOSE 8000
STOPSIGNAL SIGTERM
# DJANGO_ALLOWED_HOSTS keeps localhost for this. Workers and beat have checks of their own (docker-compose.yml).
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8000/health/live/', timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", \
     "--respawn-failed-workers", "--workers-kill-timeout", "10", "storefront.wsgi:application"]
