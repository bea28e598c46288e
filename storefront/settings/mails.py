"""The mails that people may do without."""

# Mails that a customer may refuse; all others belong to what he does here.
OPTIONAL_MAILS = {
    "back_in_stock": "What you wait for is in stock again",
    "marketing": "News and offers",
    "membership_changed": "You have reached another tier",
    "review_replied": "The shop has answered your review",
    "review_request": "What you think of what you bought",
}
