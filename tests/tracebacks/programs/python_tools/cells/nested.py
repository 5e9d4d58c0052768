def down(n):
    return down(n - 1)


# cell
down(3)
