"""Prices that are planned, and what variants cost from when to when."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# Whoever changes a price, and however: what it was is noted with when it began and ended.
NOTE_SPANS = """
    CREATE FUNCTION catalog_note_price_spans() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        moment timestamptz := clock_timestamp();
    BEGIN
        INSERT INTO catalog_pricespan (variant_id, price, compare_at_price, began_at, ended_at)
        SELECT was.id, was.price, was.compare_at_price,
               COALESCE((SELECT max(span.ended_at) FROM catalog_pricespan span WHERE span.variant_id = was.id),
                        was.created_at),
               moment
        FROM old_rows was JOIN new_rows now_is ON now_is.id = was.id
        WHERE (was.price, was.compare_at_price) IS DISTINCT FROM (now_is.price, now_is.compare_at_price)
        ORDER BY was.id;
        RETURN NULL;
    END
    $$
"""
TRIGGER = """
    CREATE TRIGGER catalog_variant_note_price_spans AFTER UPDATE ON catalog_variant
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_price_spans()
"""
# What is known from before: each price until it ended, all of them for 30 days before the last one was told. Variants
# are read alone meanwhile, prices change as ever.
KNOWN_SPANS = """
    INSERT INTO catalog_pricespan (variant_id, price, began_at, ended_at)
    SELECT past.variant_id, past.price,
           COALESCE(lag(past.ended_at) OVER of_variant,
                    LEAST(past.ended_at, GREATEST(variant.created_at,
                                                  max(past.ended_at) OVER (PARTITION BY past.variant_id)
                                                  - interval '30 days'))),
           past.ended_at
    FROM catalog_pastprice past JOIN catalog_variant variant ON variant.id = past.variant_id
    WINDOW of_variant AS (PARTITION BY past.variant_id ORDER BY past.ended_at, past.id)
"""
# Under the lock that the trigger takes until all is committed, so as little as there is: what ended while the others
# were copied. From there on the trigger notes what ends.
ENDED_MEANWHILE = """
    INSERT INTO catalog_pricespan (variant_id, price, began_at, ended_at)
    SELECT past.variant_id, past.price,
           COALESCE(lag(past.ended_at) OVER (PARTITION BY past.variant_id ORDER BY past.ended_at, past.id),
                    (SELECT max(span.ended_at) FROM catalog_pricespan span
                     WHERE span.variant_id = past.variant_id AND span.ended_at <= past.ended_at),
                    LEAST(past.ended_at, GREATEST(variant.created_at, past.ended_at - interval '30 days'))),
           past.ended_at
    FROM catalog_pastprice past JOIN catalog_variant variant ON variant.id = past.variant_id
    WHERE past.ended_at > now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM catalog_pricespan span
                      WHERE span.variant_id = past.variant_id AND span.ended_at = past.ended_at)
"""


def follows_variant(table: str, deletion: str) -> migrations.RunSQL:
    """The release before does not know these rows, and deletes what they point at. The next migration validates it."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_variant_id_owner FOREIGN KEY (variant_id)"
        f" REFERENCES catalog_variant (id) ON DELETE {deletion} NOT VALID",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_variant_id_owner",
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_tax_class")]

    operations = [
        migrations.CreateModel(
            name="PlannedPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("sku", models.CharField(editable=False, max_length=64)),
                (
                    "price",
                    models.DecimalField(
                        blank=True, decimal_places=2, help_text="Empty: it stays", max_digits=10, null=True
                    ),
                ),
                (
                    "compare_at_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Struck through beside it. Empty: what is now, while it is above the price",
                        max_digits=10,
                        null=True,
                    ),
                ),
                (
                    "removes_compare_at",
                    models.BooleanField(
                        default=False,
                        help_text="Takes away what is struck through beside the price",
                        verbose_name="strike nothing through",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                (
                    "ends_at",
                    models.DateTimeField(blank=True, help_text="Then the price before it comes back", null=True),
                ),
                ("due_at", models.DateTimeField(editable=False, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("applied", "Applied"),
                            ("ended", "Ended"),
                            ("canceled", "Canceled"),
                            ("failed", "Failed"),
                        ],
                        default="planned",
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("detail", models.CharField(blank=True, editable=False, max_length=200)),
                ("given_price", models.DecimalField(decimal_places=2, editable=False, max_digits=10, null=True)),
                (
                    "given_compare_at_price",
                    models.DecimalField(decimal_places=2, editable=False, max_digits=10, null=True),
                ),
                ("former_price", models.DecimalField(decimal_places=2, editable=False, max_digits=10, null=True)),
                (
                    "former_compare_at_price",
                    models.DecimalField(decimal_places=2, editable=False, max_digits=10, null=True),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="planned_prices",
                        to="catalog.variant",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at", "id"], name="planned_price_due"
                    ),
                    models.Index(fields=["variant", "starts_at"], name="planned_price_of_variant"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("price__isnull", True), ("price__gte", 0), _connector="OR"),
                        name="planned_price_gte_0",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("price__isnull", True),
                            ("compare_at_price__isnull", True),
                            ("compare_at_price__gte", models.F("price")),
                            _connector="OR",
                        ),
                        name="planned_compare_at_gte_price",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                        ),
                        name="planned_price_ends_later",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "planned")),
                        fields=("variant", "starts_at"),
                        name="planned_price_once_at_a_moment",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                ("compare_at_price", models.DecimalField(decimal_places=2, max_digits=10, null=True)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(db_index=True)),
                (
                    "variant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="price_spans",
                        to="catalog.variant",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["variant", "ended_at"], name="price_span_of_variant")]},
        ),
        migrations.RunSQL(KNOWN_SPANS, migrations.RunSQL.noop),
        migrations.RunSQL("ANALYZE catalog_pricespan", migrations.RunSQL.noop),
        migrations.RunSQL(NOTE_SPANS, "DROP FUNCTION catalog_note_price_spans()"),
        # From here on nobody writes variants until all is committed.
        migrations.RunSQL(TRIGGER, "DROP TRIGGER catalog_variant_note_price_spans ON catalog_variant"),
        migrations.RunSQL(ENDED_MEANWHILE, migrations.RunSQL.noop),
        follows_variant("catalog_plannedprice", "SET NULL"),
        follows_variant("catalog_pricespan", "CASCADE"),
    ]
