"""Refusals about customers."""

from core.errors import Conflict, NotFound


class AddressNotFound(NotFound):
    """There is no such address, or it is somebody else's."""

    code = "address_not_found"
    title = "There is no such address."


class TooManyAddresses(Conflict):
    code = "too_many_addresses"
    title = "No more addresses can be saved."
