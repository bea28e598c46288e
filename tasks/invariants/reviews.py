"""Invariant 8 for reviews: what is shown of them equals what they come to."""

from tasks.invariants.engine import sql_check

RATINGS = """
SELECT product.slug || ': rated ' || coalesce(listing.rating::text, 'nothing') || ' by ' || listing.review_count
       || ', its approved reviews say ' || coalesce(counted.rating::text, 'nothing')
       || ' by ' || coalesce(counted.review_count, 0)
FROM catalog_productlisting AS listing
JOIN catalog_product AS product ON product.id = listing.product_id
LEFT JOIN (
    SELECT product_id, round(avg(rating), 2) AS rating, count(*) AS review_count
    FROM reviews_review WHERE status = 'approved' GROUP BY product_id
) AS counted ON counted.product_id = listing.product_id
WHERE (listing.rating, listing.review_count) IS DISTINCT FROM (counted.rating, coalesce(counted.review_count, 0))
"""

VOTES = """
SELECT product.slug || ': a review shows ' || review.helpful_count || ' for and ' || review.unhelpful_count
       || ' against, its votes are ' || coalesce(counted.helpful, 0) || ' and ' || coalesce(counted.unhelpful, 0)
FROM reviews_review AS review
JOIN catalog_product AS product ON product.id = review.product_id
LEFT JOIN (
    SELECT review_id, count(*) FILTER (WHERE is_helpful) AS helpful, count(*) FILTER (WHERE NOT is_helpful) AS unhelpful
    FROM reviews_reviewvote GROUP BY review_id
) AS counted ON counted.review_id = review.id
WHERE (review.helpful_count, review.unhelpful_count)
      IS DISTINCT FROM (coalesce(counted.helpful, 0), coalesce(counted.unhelpful, 0))
"""

CHECKS = [
    sql_check(8, "reviews", "a product is rated as its approved reviews say", RATINGS),
    sql_check(8, "reviews", "a review shows the votes that it has", VOTES),
]
