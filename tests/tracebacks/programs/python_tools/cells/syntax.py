def total(names:
    return 0
