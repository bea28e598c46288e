"""Tiers, the membership of customers with its history, and the three tiers that every shop begins with."""

from decimal import Decimal

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

TIERS = (
    {"code": "bronze", "rank": 1, "title": "Bronze", "threshold": Decimal("0.00")},
    {"code": "silver", "rank": 2, "title": "Silver", "threshold": Decimal("250.00"), "discount_percent": Decimal(5)},
    {
        "code": "gold",
        "rank": 3,
        "title": "Gold",
        "threshold": Decimal("1000.00"),
        "discount_percent": Decimal(10),
        "has_free_shipping": True,
    },
)


def add_tiers(apps, schema_editor):
    tier_model = apps.get_model("customers", "MembershipTier")
    tier_model.objects.bulk_create([tier_model(**tier) for tier in TIERS])


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0002_addresses_and_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='MembershipTier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('code', models.CharField(choices=[('bronze', 'Bronze'), ('silver', 'Silver'), ('gold', 'Gold')], editable=False, max_length=16, unique=True)),
                ('rank', models.PositiveSmallIntegerField(editable=False, unique=True)),
                ('title', models.CharField(max_length=50)),
                ('threshold', models.DecimalField(decimal_places=2, help_text='Spent in the last 12 months', max_digits=12)),
                ('discount_percent', models.DecimalField(decimal_places=2, default=Decimal('0.00'), help_text='Off the merchandise, 0 to 100', max_digits=5)),
                ('has_free_shipping', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['rank'],
                'constraints': [models.UniqueConstraint(fields=('threshold',), name='tier_threshold_once'), models.CheckConstraint(condition=models.Q(('threshold__gte', 0)), name='tier_threshold_gte_0'), models.CheckConstraint(condition=models.Q(('discount_percent__gte', 0), ('discount_percent__lte', 100)), name='tier_percent_0_to_100')],
            },
        ),
        migrations.CreateModel(
            name='MembershipChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('spent_12m', models.DecimalField(decimal_places=2, max_digits=12)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='membership_changes', to='customers.customer')),
                ('from_tier', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.membershiptier')),
                ('to_tier', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.membershiptier')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('customer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='membership', serialize=False, to='customers.customer')),
                ('since', models.DateTimeField(help_text='When this tier was reached')),
                ('spent_12m', models.DecimalField(decimal_places=2, max_digits=12)),
                ('below_since', models.DateTimeField(help_text='Since when too little was spent for this tier', null=True)),
                ('tier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='customers.membershiptier')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('spent_12m__gte', 0)), name='membership_spent_gte_0')],
            },
        ),
        migrations.RunPython(add_tiers, migrations.RunPython.noop),
    ]
