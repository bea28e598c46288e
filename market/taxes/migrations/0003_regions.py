"""Rates of regions."""

from django.db import migrations, models

# Carts keep these tables in memory until one of them changes (core.reference).
TABLES = ["taxes_taxrate"]


def triggers() -> list[migrations.RunSQL]:
    return [
        migrations.RunSQL(
            f"""
            CREATE TRIGGER {table}_note_reference AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION core_note_reference('prices')
            """,
            f"DROP TRIGGER {table}_note_reference ON {table}",
        )
        for table in TABLES
    ]


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0006_reference_versions'),
        ('taxes', '0002_standard_rate'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='taxrate',
            name='tax_rate_once_per_country',
        ),
        migrations.AddField(
            model_name='taxrate',
            name='region',
            field=models.CharField(blank=True, db_default='', default='', help_text='As addresses write it; empty: all of the country', max_length=100),
        ),
        migrations.AddConstraint(
            model_name='taxrate',
            constraint=models.UniqueConstraint(fields=('tax_class', 'country', 'region'), name='tax_rate_once_per_place'),
        ),
        *triggers(),
    ]
