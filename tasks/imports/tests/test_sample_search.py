"""Thirty searches in the shipped sample, each with the product that a person meant."""

from pathlib import Path

import pytest

from market.catalog.adapters.search.vocabulary import memo
from market.catalog.services.searching import walk_catalog
from tasks.imports import online_retail
from tasks.imports.online_retail.loading import load_products, read_export

SAMPLE = Path(online_retail.__file__).parents[1] / "data" / "online-retail-sample.csv.gz"
WANTED = 28
AMONG_THE_FIRST = 5
# What is typed | what is meant.
SEARCHES = """
misspelt
    chandeleir flowers       | Flowers Chandelier T-Light Holder
    rocking hrose            | White Rocking Horse Hand Painted
    gigsaw seaside           | Vintage Seaside Jigsaw Puzzles
    garden thermomter        | Ivory Giant Garden Thermometer
    camembrt tins            | Set of 2 Round Tins Camembert
    popcron holder           | Large Popcorn Holder
    headfones                | Gold Ear Muff Headphones
    basill mug               | Grow Your Own Basil in Enamel Mug
plural or singular
    windmills skull          | Large Skull Windmill
    pouffes                  | Triangular Pouffe Vintage
    metal postcards          | Christmas Metal Postcard with Bells
    doily candle             | Set 8 Candles Vintage Doily
    sewing needles           | Sewing Susan 21 Needle Set
    magnet jam jars          | Set of 4 Jam Jar Magnets
unfinished
    chenil                   | Blue Chenille Shaggy Cushion Cover
    monsoon card k           | Make Your Own Monsoon Card Kit
    aperit                   | Silver Aperitif Glass
    hawai                    | Hawaiian Grass Skirt
    choc truf                | Choc Truffle Gold Trinket Pot
in another order
    clock baroque            | White Baroque Wall Clock
    tongs sugar              | Regency Sugar Tongs
    globe inflatable         | Inflatable Political Globe
    feeder bird              | Tuscan Villa Bird Feeder
    pin rolling              | Pantry Rolling Pin
    bucket boys              | Boys Vintage Tin Seaside Bucket
SKU
    22423                    | Regency Cakestand 3 Tier
    85123A                   | White Hanging Heart T-Light Holder
    47421                    | Assorted Colour Lizard Suction Hook
    84968c                   | Set of 16 Vintage Pistachio Cutlery
    21628                    | Triangular Pouffe Vintage
"""


@pytest.mark.django_db
def test_searches_show_what_is_meant_among_the_first_five(api_client):
    load_products(products=read_export(path=SAMPLE, progress=print).products, progress=print)
    walk_catalog(batches=10, batch_size=5_000)
    memo.forget()
    searches = [line.split("|") for line in SEARCHES.splitlines() if "|" in line]
    assert len(searches) == 30
    missed = {}
    for text, meant in searches:
        answer = api_client.get("/api/v1/products/", {"search": text.strip(), "limit": AMONG_THE_FIRST}).json()
        titles = [row["title"] for row in answer["results"]]
        if meant.strip() not in titles:
            missed[text.strip()] = titles
    assert len(searches) - len(missed) >= WANTED, missed
