"""Fills the shop with a made-up catalog of any size."""

import time

from django.core.management.base import BaseCommand, CommandError

from market.catalog.services.searching import walk_catalog
from tasks.progress import ProgressBar
from tasks.seeding.loading import gathered_words, learn, seed_products, settle

MAX_PRODUCTS = 10_000_000
# Nobody waits for the listings of a shop that is being filled.
WALK_BATCH = 10_000


class Command(BaseCommand):
    help = (
        "Fill the catalog up to N made-up products with variants, stock and categories: few best sellers and a long "
        "tail, the same for the same seed. Goes on where an interrupted run stopped; other products are left alone."
    )

    def add_arguments(self, parser):
        parser.add_argument("--products", type=int, required=True, metavar="N", help="how many there are afterwards")
        parser.add_argument("--seed", type=int, default=42, help="another seed, another catalog (default %(default)s)")

    def handle(self, *, products, seed, **options):
        if not 0 < products <= MAX_PRODUCTS:
            raise CommandError(f"--products must be between 1 and {MAX_PRODUCTS:,}")
        if seed < 0:
            raise CommandError("--seed must not be negative")
        bar = ProgressBar(self.stdout)
        began = time.monotonic()
        first = None

        def show(done):
            nonlocal first
            first = done if first is None else first
            rate = (done - first) / (time.monotonic() - began) or None
            bar.show(done=done, total=products, rate=rate, eta_seconds=int((products - done) / rate) if rate else None)

        added = seed_products(seed=seed, count=products, progress=show)
        bar.end()
        learn()
        self.stdout.write("sorting the words")
        walked = 0
        with gathered_words():
            while seen := walk_catalog(batches=1, batch_size=WALK_BATCH):
                walked += seen
                bar.show(done=min(walked, products), total=products, rate=None, eta_seconds=None)
        bar.end()
        settle()
        self.stdout.write(f"added {added:,} products of seed {seed} in {time.monotonic() - began:.1f} s")
