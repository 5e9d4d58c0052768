import pytest


@pytest.mark.parametrize("name", ["tea"])
def test_price(article):
    assert article
