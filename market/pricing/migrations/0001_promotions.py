"""Promotions, coupons, price lists, and the functions that take and give back uses."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


# Carts keep what follows from these tables in memory until one of them changes (core.reference).
TABLES = ["pricing_promotion", "customers_membershiptier", "catalog_category"]
# Rows of tables that the release before does not know go with the row it deletes.
OWNERS = {
    "pricing_pricelistentry": ("variant_id", "catalog_variant"),
    "pricing_customerlist_customers": ("customer_id", "customers_customer"),
}
# One call for all promotions of an order. Each statement of a function sees what was committed before it began, so
# the counts are read after the locks. Answers what is refused, or nothing when all uses are taken.
TAKE_USES = """
    CREATE FUNCTION pricing_take_uses(
        taken_by text, taken_for text, wanted jsonb, locks boolean
    ) RETURNS jsonb LANGUAGE plpgsql AS $$
    DECLARE
        refusal jsonb;
        is_first boolean;
    BEGIN
        INSERT INTO pricing_firstorder (identity, order_number) VALUES (taken_by, taken_for) ON CONFLICT DO NOTHING;
        is_first := FOUND;
        IF jsonb_array_length(wanted) = 0 THEN
            RETURN NULL;
        END IF;
        IF locks THEN
            -- Who edits one of these promotions waits, or has committed before they are read.
            PERFORM FROM pricing_promotion
            WHERE id IN (SELECT (use->>'promotion')::bigint FROM jsonb_array_elements(wanted) use)
            ORDER BY id FOR SHARE;
            PERFORM FROM pricing_promotiontally
            WHERE promotion_id IN (SELECT (use->>'promotion')::bigint FROM jsonb_array_elements(wanted) use
                                   WHERE (use->>'is_limited')::boolean)
            ORDER BY promotion_id FOR NO KEY UPDATE;
            PERFORM FROM pricing_coupon
            WHERE code IN (SELECT use->>'code' FROM jsonb_array_elements(wanted) use)
            ORDER BY id FOR NO KEY UPDATE;
        END IF;
        SELECT jsonb_build_object('promotion', judged.id, 'code', judged.reason) INTO refusal
        FROM (
            SELECT use.promotion AS id, CASE
                WHEN promotion.version IS DISTINCT FROM use.version OR promotion.status <> 'active' THEN 'changed'
                WHEN use.first_order_only AND NOT is_first THEN 'not_first_order'
                WHEN tally.uses >= use.usage_limit THEN 'used_up'
                WHEN tally.amount + use.amount > use.budget THEN 'budget_used_up'
                WHEN use.usage_limit_per_customer <= (
                    SELECT count(*) FROM pricing_promotionuse own
                    WHERE own.identity = taken_by AND own.promotion_id = use.promotion
                ) THEN 'used_up_by_customer'
                WHEN use.code <> '' AND (
                    coupon.id IS NULL OR NOT coupon.is_active OR coupon.uses >= coupon.usage_limit
                ) THEN 'code_used_up'
            END AS reason
            FROM jsonb_to_recordset(wanted) AS use (
                promotion bigint, version int, code text, amount numeric, first_order_only boolean,
                usage_limit int, usage_limit_per_customer int, budget numeric)
            LEFT JOIN pricing_promotion promotion ON promotion.id = use.promotion
            LEFT JOIN pricing_promotiontally tally ON tally.promotion_id = use.promotion
            LEFT JOIN pricing_coupon coupon ON coupon.code = use.code
        ) judged
        WHERE judged.reason IS NOT NULL ORDER BY judged.id LIMIT 1;
        IF refusal IS NOT NULL THEN
            RETURN refusal;
        END IF;
        INSERT INTO pricing_promotionuse (
            promotion_id, version, code, identity, order_number, amount, is_counted, created_at)
        SELECT promotion, version, code, taken_by, taken_for, amount, is_limited, statement_timestamp()
        FROM jsonb_to_recordset(wanted) AS use (
            promotion bigint, version int, code text, amount numeric, is_limited boolean)
        ORDER BY promotion;
        UPDATE pricing_promotiontally tally SET uses = tally.uses + 1, amount = tally.amount + use.amount
        FROM jsonb_to_recordset(wanted) AS use (promotion bigint, amount numeric, is_limited boolean)
        WHERE tally.promotion_id = use.promotion AND use.is_limited;
        UPDATE pricing_coupon coupon SET uses = coupon.uses + 1, updated_at = statement_timestamp()
        FROM jsonb_to_recordset(wanted) AS use (code text)
        WHERE coupon.code = use.code;
        RETURN NULL;
    END
    $$
"""
GIVE_BACK_USES = """
    CREATE FUNCTION pricing_give_back_uses(given_back_for text) RETURNS integer LANGUAGE plpgsql AS $$
    DECLARE
        given_back integer;
    BEGIN
        PERFORM FROM pricing_promotiontally
        WHERE promotion_id IN (SELECT promotion_id FROM pricing_promotionuse WHERE order_number = given_back_for)
        ORDER BY promotion_id FOR NO KEY UPDATE;
        PERFORM FROM pricing_coupon
        WHERE code IN (SELECT code FROM pricing_promotionuse WHERE order_number = given_back_for AND code <> '')
        ORDER BY id FOR NO KEY UPDATE;
        WITH gone AS (
            DELETE FROM pricing_promotionuse WHERE order_number = given_back_for
            RETURNING promotion_id, code, amount, is_counted
        ),
        promotions AS (
            UPDATE pricing_promotiontally tally SET uses = tally.uses - 1, amount = tally.amount - gone.amount
            FROM gone WHERE gone.promotion_id = tally.promotion_id AND gone.is_counted
        ),
        coupons AS (
            UPDATE pricing_coupon coupon SET uses = coupon.uses - 1, updated_at = statement_timestamp()
            FROM gone WHERE coupon.code = gone.code AND gone.code <> ''
        )
        SELECT count(*) INTO given_back FROM gone;
        DELETE FROM pricing_firstorder WHERE order_number = given_back_for;
        RETURN given_back;
    END
    $$
"""


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


def goes_with_its_owner(table: str) -> migrations.RunSQL:
    column, owner = OWNERS[table]
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_owner FOREIGN KEY ({column})"
        f" REFERENCES {owner} (id) ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_owner",
    )


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0006_reference_versions'),
        ('catalog', '0009_tax_class'),
        ('customers', '0003_membership'),
    ]

    operations = [
        migrations.CreateModel(
            name='Coupon',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('code', models.CharField(db_collation='C', max_length=32, unique=True)),
                ('usage_limit', models.PositiveIntegerField(blank=True, null=True)),
                ('uses', models.PositiveIntegerField(default=0, editable=False)),
                ('is_active', models.BooleanField(default=True)),
                ('batch', models.CharField(blank=True, help_text='With which others it was made', max_length=100)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='FirstOrder',
            fields=[
                ('identity', models.CharField(max_length=254, primary_key=True, serialize=False)),
                ('order_number', models.CharField(db_index=True, max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name='PriceList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('label', models.CharField(max_length=100, unique=True)),
                ('tier', models.CharField(blank=True, help_text='Code of a membership tier; empty: everybody', max_length=16)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ['label'],
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('label', models.CharField(help_text='As buyers see it', max_length=100)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('active', 'Active'), ('archived', 'Archived')], default='draft', max_length=16)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('rules', models.JSONField()),
                ('kind', models.CharField(choices=[('percentage', 'percentage'), ('fixed_amount', 'fixed_amount'), ('fixed_price', 'fixed_price'), ('buy_x_get_y', 'buy_x_get_y'), ('spend_threshold', 'spend_threshold'), ('free_shipping', 'free_shipping'), ('gift', 'gift')], editable=False, max_length=16)),
                ('requires_coupon', models.BooleanField(editable=False)),
                ('priority', models.IntegerField(default=0, editable=False)),
                ('starts_at', models.DateTimeField(editable=False, null=True)),
                ('ends_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='PromotionUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('code', models.CharField(blank=True, max_length=32)),
                ('identity', models.CharField(max_length=254)),
                ('order_number', models.CharField(max_length=16)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=12)),
                ('is_counted', models.BooleanField(default=False, help_text='Whether the tally has it')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='PromotionVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('label', models.CharField(max_length=100)),
                ('rules', models.JSONField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='CustomerList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(max_length=100, unique=True)),
                ('customers', models.ManyToManyField(blank=True, related_name='lists', to='customers.customer')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='PriceListEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('min_quantity', models.PositiveIntegerField(default=1)),
                ('price', models.DecimalField(decimal_places=2, max_digits=10)),
                ('price_list', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='pricing.pricelist')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.variant')),
            ],
            options={
                'ordering': ['variant_id', 'min_quantity'],
            },
        ),
        migrations.CreateModel(
            name='PromotionTally',
            fields=[
                ('promotion', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='tally', serialize=False, to='pricing.promotion')),
                ('uses', models.PositiveIntegerField(default=0)),
                ('amount', models.DecimalField(decimal_places=2, default=0, max_digits=16)),
            ],
        ),
        migrations.AddIndex(
            model_name='promotion',
            index=models.Index(condition=models.Q(('status', 'active')), fields=['priority', 'id'], name='promotion_active'),
        ),
        migrations.AddField(
            model_name='coupon',
            name='promotion',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='coupons', to='pricing.promotion'),
        ),
        migrations.AddField(
            model_name='promotionuse',
            name='promotion',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='pricing.promotion'),
        ),
        migrations.AddField(
            model_name='promotionversion',
            name='promotion',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='pricing.promotion'),
        ),
        migrations.AddConstraint(
            model_name='pricelistentry',
            constraint=models.UniqueConstraint(fields=('price_list', 'variant', 'min_quantity'), name='price_list_step_once'),
        ),
        migrations.AddConstraint(
            model_name='pricelistentry',
            constraint=models.CheckConstraint(condition=models.Q(('min_quantity__gte', 1), ('price__gte', 0)), name='price_list_entry_in_range'),
        ),
        migrations.AddConstraint(
            model_name='promotiontally',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0), ('uses__gte', 0)), name='promotion_tally_gte_0'),
        ),
        migrations.AddIndex(
            model_name='coupon',
            index=models.Index(condition=models.Q(('batch', ''), _negated=True), fields=['batch'], name='coupon_batch'),
        ),
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('usage_limit__isnull', True), ('uses__lte', models.F('usage_limit')), _connector='OR'), name='coupon_uses_lte_limit'),
        ),
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z0-9_-]{3,32}$')), name='coupon_code_is_plain'),
        ),
        migrations.AddIndex(
            model_name='promotionuse',
            index=models.Index(fields=['identity', 'promotion'], name='promotion_use_identity'),
        ),
        migrations.AddIndex(
            model_name='promotionuse',
            index=models.Index(fields=['promotion', 'created_at'], name='promotion_use_promotion'),
        ),
        migrations.AddConstraint(
            model_name='promotionuse',
            constraint=models.UniqueConstraint(fields=('order_number', 'promotion'), name='promotion_use_once'),
        ),
        migrations.AddConstraint(
            model_name='promotionversion',
            constraint=models.UniqueConstraint(fields=('promotion', 'number'), name='promotion_version_once'),
        ),
        *map(goes_with_its_owner, OWNERS),
        *triggers(),
        migrations.RunSQL(TAKE_USES, "DROP FUNCTION pricing_take_uses(text, text, jsonb, boolean)"),
        migrations.RunSQL(GIVE_BACK_USES, "DROP FUNCTION pricing_give_back_uses(text)"),
    ]
