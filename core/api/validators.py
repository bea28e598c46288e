"""What texts must be, whoever takes them."""

from django.core.validators import RegexValidator

# A line break in a name would write a further line of the parcel's label and of the mail.
one_line = RegexValidator(r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*\Z", "Give one line of text.", "not_one_line")
