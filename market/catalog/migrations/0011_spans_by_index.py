"""When a span began is looked up by the index, also while the table is small and is written to by the same statement.

Read through for each row, the first large change of prices took five times as long with 20,000 variants. And what was
copied is checked here, where nobody who changes prices waits for it.
"""

from django.db import migrations

# Variants that went while what they cost was copied.
GONE = """
    DELETE FROM catalog_pricespan span
    WHERE NOT EXISTS (SELECT FROM catalog_variant variant WHERE variant.id = span.variant_id)
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0010_planned_prices")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION catalog_note_price_spans() SET enable_seqscan = off",
            "ALTER FUNCTION catalog_note_price_spans() RESET enable_seqscan",
        ),
        migrations.RunSQL(GONE, migrations.RunSQL.noop),
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_variant_id_owner", migrations.RunSQL.noop
            )
            for table in ("catalog_plannedprice", "catalog_pricespan")
        ),
    ]
