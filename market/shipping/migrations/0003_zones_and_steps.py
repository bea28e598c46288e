"""Zones, methods whose price depends on weight or goods, and when they are free."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# Carts keep these tables in memory until one of them changes (core.reference).
TABLES = [
    "shipping_shippingzone",
    "shipping_zonearea",
    "shipping_shippingmethod",
    "shipping_shippingmethod_zones",
    "shipping_shippingstep",
]
OWNERS = {"shipping_shippingstep": "method_id", "shipping_shippingmethod_zones": "shippingmethod_id"}


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


def goes_with_its_method(table: str) -> migrations.RunSQL:
    """The database deletes these rows with their method: the release before does not know them, and deletes it."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_owner FOREIGN KEY ({OWNERS[table]})"
        " REFERENCES shipping_shippingmethod (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_owner",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0006_reference_versions'),
        ('shipping', '0002_standard_method'),
    ]

    operations = [
        migrations.CreateModel(
            name='ShippingZone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(max_length=100, unique=True)),
                ('position', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ZoneArea',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('country', models.CharField(blank=True, help_text='ISO 3166 code; empty: everywhere else', max_length=2)),
                ('region', models.CharField(blank=True, max_length=100)),
                ('postal_patterns', models.CharField(blank=True, help_text='With commas between: BT1 1AA is one code, BT* all that begin so, 20000..20999 a range.', max_length=500)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='delivery_days_most',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Days until it arrives, at worst; empty: as at best.', null=True),
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='free_over',
            field=models.DecimalField(blank=True, decimal_places=2, help_text='Free for goods of this price or more.', max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='kind',
            field=models.CharField(choices=[('flat', 'the same for every order'), ('by_weight', 'by weight'), ('by_subtotal', 'by price of the goods')], db_default='flat', default='flat', max_length=16),
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='max_weight_grams',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='shippingmethod',
            name='delivery_days',
            field=models.PositiveSmallIntegerField(help_text='Days until it arrives, at best.'),
        ),
        migrations.AlterField(
            model_name='shippingmethod',
            name='price',
            field=models.DecimalField(decimal_places=2, help_text='For kinds with steps: the price below the first of them.', max_digits=10),
        ),
        migrations.CreateModel(
            name='ShippingStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('at_least', models.DecimalField(decimal_places=2, help_text='Grams, or money.', max_digits=12, verbose_name='from')),
                ('price', models.DecimalField(decimal_places=2, max_digits=10)),
                ('method', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='shipping.shippingmethod')),
            ],
            options={
                'ordering': ['at_least'],
            },
        ),
        migrations.AddField(
            model_name='shippingmethod',
            name='zones',
            field=models.ManyToManyField(blank=True, help_text='None: everywhere.', related_name='methods', to='shipping.shippingzone'),
        ),
        migrations.AddConstraint(
            model_name='shippingmethod',
            constraint=models.CheckConstraint(condition=models.Q(('free_over__isnull', True), ('free_over__gte', 0), _connector='OR'), name='shipping_free_gte_0'),
        ),
        migrations.AddConstraint(
            model_name='shippingmethod',
            constraint=models.CheckConstraint(condition=models.Q(('delivery_days_most__isnull', True), ('delivery_days_most__gte', models.F('delivery_days')), _connector='OR'), name='shipping_days_rise', violation_error_message='It cannot arrive sooner at worst than at best.'),
        ),
        migrations.AddField(
            model_name='zonearea',
            name='zone',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='areas', to='shipping.shippingzone'),
        ),
        migrations.AddConstraint(
            model_name='shippingstep',
            constraint=models.UniqueConstraint(fields=('method', 'at_least'), name='shipping_step_once_per_method'),
        ),
        migrations.AddConstraint(
            model_name='shippingstep',
            constraint=models.CheckConstraint(condition=models.Q(('at_least__gte', 0), ('price__gte', 0)), name='shipping_step_gte_0'),
        ),
        migrations.AddConstraint(
            model_name='zonearea',
            constraint=models.UniqueConstraint(fields=('zone', 'country', 'region', 'postal_patterns'), name='shipping_area_once_per_zone'),
        ),
        *map(goes_with_its_method, OWNERS),
        *triggers(),
    ]
