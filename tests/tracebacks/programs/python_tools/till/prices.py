"""Prices by article."""

PRICES = {"tea": 3, "milk": 2}


class UnknownArticle(Exception):
    """Nothing of this name is sold."""


def price(name):
    """What one article costs.

    >>> price("tea")
    4
    """
    return PRICES[name]


def checked_price(name):
    """Like price, with an error of our own.

    >>> checked_price("salt")
    1
    """
    try:
        return price(name)
    except KeyError as error:
        raise UnknownArticle(f"no article {name!r}") from error


def logged_price(name, log):
    """Like price, but the log breaks too."""
    try:
        return price(name)
    except KeyError:
        log.write(name)
