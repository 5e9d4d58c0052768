"""What a customer buys."""

import json

from till.prices import price


class Basket:
    """Names of articles."""

    def __init__(self, names=()):
        self.names = list(names)

    def total(self):
        """The sum of all prices."""
        return sum(price(name) for name in self.names)

    def checked_total(self):
        """The total, which must not be zero."""
        total = self.total()
        if not total:
            raise ValueError("an empty basket\nput something into it")
        return total


def from_json(text):
    """Read a basket that was saved."""
    return Basket(json.loads(text)["names"])


def nested(depth):
    """Count down without an end."""
    return nested(depth - 1)
