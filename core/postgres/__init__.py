"""Django's PostgreSQL backend with a client-side deadline for what a request waits for."""
