from till.discounts import discount


def test_discount():
    assert discount("tea") == 0
