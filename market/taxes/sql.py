"""All rates as one document, shares as text; its plain ORM form is in `tests/test_selectors.py`."""

TAX_TABLE = """
    SELECT json_agg(json_build_object(
        'tax_class', tax_class, 'country', country, 'region', region, 'share', rate::text) ORDER BY id)
    FROM taxes_taxrate
"""
