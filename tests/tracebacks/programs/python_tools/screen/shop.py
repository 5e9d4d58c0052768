"""Sells something, with whatever draws the traceback: rich, loguru, structlog, typer."""

import sys

import tools
from till.basket import Basket
from till.prices import checked_price


def main(name):
    """Sell one article."""
    basket = Basket(["tea", name])
    return basket.total()


def wrapped(name):
    """Ask for a price that there isn't."""
    return checked_price(name)


if __name__ == "__main__":
    tools.run(sys.argv[1], main, wrapped)
