from till.basket import Basket
from till.prices import checked_price


# cell
def total(names):
    basket = Basket(names)
    return basket.total()


# cell
total(["tea", "salt"])
