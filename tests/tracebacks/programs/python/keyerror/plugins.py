"""What the shop can use if it is installed."""

import logging

log = logging.getLogger("shop.plugins")


def load_cache():
    try:
        return connect()
    except ImportError:
        log.warning("no shared cache, orders are kept in memory", exc_info=True)
    return "memory"


def connect():
    import shop_redis_client

    return shop_redis_client.connect()
