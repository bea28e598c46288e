"""Made-up catalogs of any size, the same for the same seed."""
