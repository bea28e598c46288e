"""The shop with its servers in one command: PostgreSQL and Valkey from wheels, a mail sink, and a supervisor.

Used by `make run` and `make test`. Nothing here is imported by the shop itself.
"""

DEFAULT_ADMIN = "admin@storefront.example"
