"""One document of all that shipping is priced by, amounts as text; its ORM form is in `tests/test_selectors.py`."""

SHIPPING_TABLE = """
    SELECT json_build_object(
        'methods', (
            SELECT json_agg(json_build_object(
                'code', code, 'label', label, 'kind', kind, 'price', price::text, 'free_over', free_over::text,
                'max_weight_grams', max_weight_grams, 'delivery_days', delivery_days,
                'delivery_days_most', delivery_days_most,
                'zone_ids', (SELECT json_agg(shippingzone_id) FROM shipping_shippingmethod_zones
                             WHERE shippingmethod_id = method.id),
                'steps', (SELECT json_agg(json_build_object('at_least', at_least::text, 'price', price::text)
                                          ORDER BY at_least)
                          FROM shipping_shippingstep WHERE method_id = method.id)
            ) ORDER BY position, id)
            FROM shipping_shippingmethod method WHERE is_active
        ),
        'zones', (
            SELECT json_agg(json_build_object(
                'id', id, 'position', position,
                'areas', (SELECT json_agg(json_build_object(
                              'country', country, 'region', region, 'postal_patterns', postal_patterns) ORDER BY id)
                          FROM shipping_zonearea WHERE zone_id = zone.id)
            ) ORDER BY position, id)
            FROM shipping_shippingzone zone
        )
    )
"""
