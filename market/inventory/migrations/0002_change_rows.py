"""Marks a product in core_change when the units that its page shows differ; pages show at most 20."""

from django.db import migrations

NOTE_CHANGES = """
    CREATE FUNCTION inventory_note_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO core_change (topic, key, xid)
        SELECT DISTINCT 'product', variant.product_id::text, pg_current_xact_id()::text::bigint
        FROM new_rows
        JOIN old_rows USING (variant_id)
        JOIN catalog_variant variant ON variant.id = new_rows.variant_id
        WHERE LEAST(new_rows.on_hand - new_rows.reserved, 20) <> LEAST(old_rows.on_hand - old_rows.reserved, 20);
        RETURN NULL;
    END
    $$
"""
TRIGGER = """
    CREATE TRIGGER inventory_stockitem_note_update AFTER UPDATE ON inventory_stockitem
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION inventory_note_changes()
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial"), ("catalog", "0002_change_rows"), ("core", "0001_initial")]

    operations = [
        migrations.RunSQL(NOTE_CHANGES, "DROP FUNCTION inventory_note_changes()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER inventory_stockitem_note_update ON inventory_stockitem"),
    ]
