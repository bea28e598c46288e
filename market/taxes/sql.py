"""All rates as one document, shares as text; its plain ORM form is in `tests/test_selectors.py`."""

TAX_TABLE = """
    SELECT json_agg(json_build_object(
        'tax_class', tax_class, 'country', country, 'region', region, 'share', rate::text) ORDER BY id)
    FROM taxes_taxrate
"""

# Whoever deletes the last rate of the class waits for the transaction.
HOLD_CLASS = "SELECT id FROM taxes_taxrate WHERE tax_class = %s ORDER BY id LIMIT 1 FOR SHARE"
