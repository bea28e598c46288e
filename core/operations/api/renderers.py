"""CSV beside the API's own forms."""

from core.api.renderers import JSONRenderer


class CSVRenderer(JSONRenderer):
    """Lets a client ask for `text/csv`; the view streams it, and a refusal is a problem document all the same."""

    media_type = "text/csv"
    format = "csv"
