"""Versions of reference data, raised by whoever writes a table that a trigger of core_note_reference watches."""

from django.db import migrations, models

NOTE_REFERENCE = """
    CREATE FUNCTION core_note_reference() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO core_referenceversion (topic, version)
        VALUES (TG_ARGV[0], nextval('core_reference_versions'))
        ON CONFLICT (topic) DO UPDATE SET version = EXCLUDED.version;
        RETURN NULL;
    END
    $$
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0005_owed_slots")]

    operations = [
        migrations.CreateModel(
            name="ReferenceVersion",
            fields=[
                ("topic", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL("CREATE SEQUENCE core_reference_versions", "DROP SEQUENCE core_reference_versions"),
        migrations.RunSQL(NOTE_REFERENCE, "DROP FUNCTION core_note_reference()"),
    ]
