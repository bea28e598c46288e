"""When a first order is canceled another that stands takes its place: no order comes in between unseen."""

from importlib import import_module

from django.db import migrations

TAKE_USES = """
    CREATE OR REPLACE FUNCTION pricing_take_uses(
        taken_by text, taken_for text, wanted jsonb, locks boolean
    ) RETURNS jsonb LANGUAGE plpgsql AS $$
    DECLARE
        refusal jsonb;
        is_first boolean;
    BEGIN
        LOOP
            INSERT INTO pricing_firstorder (identity, order_number) VALUES (taken_by, taken_for) ON CONFLICT DO NOTHING;
            is_first := FOUND;
            EXIT WHEN is_first;
            -- Who cancels the first order waits, and finds this one in its place; or has canceled it.
            PERFORM FROM pricing_firstorder WHERE identity = taken_by FOR KEY SHARE;
            EXIT WHEN FOUND;
        END LOOP;
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
    CREATE OR REPLACE FUNCTION pricing_give_back_uses(given_back_for text) RETURNS integer LANGUAGE plpgsql AS $$
    DECLARE
        given_back integer;
    BEGIN
        -- First, as orders that are placed lock it first.
        DELETE FROM pricing_firstorder WHERE order_number = given_back_for;
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
        RETURN given_back;
    END
    $$
"""


def before(name: str) -> str:
    """The function as it was."""
    return getattr(import_module("market.pricing.migrations.0001_promotions"), name).replace(
        "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
    )


class Migration(migrations.Migration):
    dependencies = [("pricing", "0004_phases")]

    operations = [
        migrations.RunSQL(TAKE_USES, before("TAKE_USES")),
        migrations.RunSQL(GIVE_BACK_USES, before("GIVE_BACK_USES")),
    ]
