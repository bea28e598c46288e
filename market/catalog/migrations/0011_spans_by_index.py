"""When a span began is looked up by the index, also while the table is small and is written to by the same statement.

Read through for each row, the first large change of prices took five times as long with 20,000 variants.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0010_planned_prices")]

    operations = [
        migrations.RunSQL(
            "ALTER FUNCTION catalog_note_price_spans() SET enable_seqscan = off",
            "ALTER FUNCTION catalog_note_price_spans() RESET enable_seqscan",
        )
    ]
