def test_tea():
    price = 3
    assert price = 3
