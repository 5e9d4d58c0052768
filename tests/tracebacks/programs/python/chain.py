class PriceUnknown(Exception):
    pass


def price(prices, name):
    try:
        return prices[name]
    except KeyError as error:
        raise PriceUnknown(name) from error


def total(basket):
    try:
        return sum(price({"tea": 4}, name) for name in basket)
    except PriceUnknown:
        return estimate(basket)


def estimate(basket):
    return len(basket) / (len(basket) - 2)


print(total(["tea", "milk"]))
