class Stop(Exception):
    pass


class Shop:
    class Closed(BaseException):
        pass


def sell():
    try:
        raise Stop
    except Stop:
        raise Shop.Closed()


sell()  # raises
