from till.prices import checked_price

# cell
checked_price("salt")
