"""Since when a promotion has had its status, so that what a cart cost at a moment can be told."""

import django.db.models.deletion
from django.db import migrations, models

OWNER = """
    ALTER TABLE pricing_promotionphase ADD CONSTRAINT pricing_promotionphase_owner
    FOREIGN KEY (promotion_id) REFERENCES pricing_promotion (id) ON DELETE CASCADE
"""
PRESENT = """
    INSERT INTO pricing_promotionphase (promotion_id, status, began_at)
    SELECT id, status, clock_timestamp() FROM pricing_promotion ORDER BY id
"""
NOTE_PHASE = """
    CREATE FUNCTION pricing_note_phase() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO pricing_promotionphase (promotion_id, status, began_at)
        VALUES (NEW.id, NEW.status, clock_timestamp());
        RETURN NULL;
    END
    $$
"""
ON_INSERT = """
    CREATE TRIGGER pricing_promotion_note_first_phase AFTER INSERT ON pricing_promotion
    FOR EACH ROW EXECUTE FUNCTION pricing_note_phase()
"""
ON_UPDATE = """
    CREATE TRIGGER pricing_promotion_note_phase AFTER UPDATE OF status ON pricing_promotion
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION pricing_note_phase()
"""


class Migration(migrations.Migration):
    dependencies = [("pricing", "0003_simulations")]

    operations = [
        migrations.CreateModel(
            name="PromotionPhase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("active", "Active"), ("archived", "Archived")], max_length=16
                    ),
                ),
                ("began_at", models.DateTimeField()),
                (
                    "promotion",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="phases",
                        to="pricing.promotion",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["promotion", "began_at"], name="promotion_phase_began")]},
        ),
        migrations.RunSQL(OWNER, "ALTER TABLE pricing_promotionphase DROP CONSTRAINT pricing_promotionphase_owner"),
        migrations.RunSQL(PRESENT, migrations.RunSQL.noop),
        migrations.RunSQL(NOTE_PHASE, "DROP FUNCTION pricing_note_phase()"),
        migrations.RunSQL(ON_INSERT, "DROP TRIGGER pricing_promotion_note_first_phase ON pricing_promotion"),
        migrations.RunSQL(ON_UPDATE, "DROP TRIGGER pricing_promotion_note_phase ON pricing_promotion"),
    ]
