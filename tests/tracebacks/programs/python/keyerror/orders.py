"""Orders, as the web shop left them."""

_ORDERS = [{"id": n, "user_id": 70 + n} for n in range(1, 8)] + [{"id": 8, "guest": "ann"}]


def pending():
    yield from _ORDERS


def details(order):
    return {key: value for key, value in order.items() if key != "id"}
