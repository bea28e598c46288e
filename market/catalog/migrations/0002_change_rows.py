"""Marks in core_change what the public is shown differently from now on: rows are added, never shared."""

from django.db import migrations

# The trigger's arguments: the topic, and the column that holds the key.
NOTE_CHANGES = """
    CREATE FUNCTION catalog_note_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format(
            'INSERT INTO core_change (topic, key, xid)
             SELECT DISTINCT %L, %I::text, pg_current_xact_id()::text::bigint FROM changed_rows',
            TG_ARGV[0], TG_ARGV[1]
        );
        RETURN NULL;
    END
    $$
"""
TABLES = [
    ("catalog_product", "product", "id"),
    ("catalog_variant", "product", "product_id"),
    ("catalog_productimage", "product", "product_id"),
    ("catalog_productlisting", "product", "product_id"),
    ("catalog_category", "category", "id"),
]
EVENTS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}


def triggers() -> list[migrations.RunSQL]:
    return [
        migrations.RunSQL(
            f"""
            CREATE TRIGGER {table}_note_{event} AFTER {event.upper()} ON {table}
            REFERENCING {rows} TABLE AS changed_rows
            FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_changes('{topic}', '{key}')
            """,
            f"DROP TRIGGER {table}_note_{event} ON {table}",
        )
        for table, topic, key in TABLES
        for event, rows in EVENTS.items()
    ]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial"), ("core", "0001_initial")]

    operations = [migrations.RunSQL(NOTE_CHANGES, "DROP FUNCTION catalog_note_changes()"), *triggers()]
