import logging

import pytest

from till import prices
from till.basket import Basket, from_json, nested


@pytest.fixture
def saved():
    return from_json('{"articles": []}')


@pytest.fixture
def drawer():
    yield []
    raise OSError("the drawer is stuck")


def test_total():
    basket = Basket(["tea", "milk"])
    assert basket.total() == 6


def test_unknown():
    assert Basket(["tea", "salt"]).total() == 3


@pytest.mark.parametrize("names", [["tea"], ["salt", "tea"]], ids=["one", "two - salt"])
def test_price_of(names):
    for name in names:
        assert prices.price(name) > 0


class TestChecked:
    def test_empty(self):
        assert Basket().checked_total() == 0, "empty is free"

    def test_message(self):
        assert 1 + 1 == 3, "sums are wrong"

    def test_lists(self):
        assert ["tea", "milk"] == ["tea", "salt", "milk"]


def test_from():
    prices.checked_price("salt")


def test_during():
    prices.logged_price("salt", None)


def test_did_not_raise():
    with pytest.raises(ValueError):
        Basket(["tea"]).checked_total()


def test_loaded(saved):
    assert saved.names


def test_drawer(drawer):
    assert not drawer


def test_fixture(nothing):
    pass


def test_captured(caplog):
    print("selling salt")
    try:
        prices.price("salt")
    except KeyError:
        logging.getLogger("till").exception("no price")
    assert Basket(["tea"]).total() == 4


def test_bad_json():
    from_json('{"names": [}')


def test_nested():
    nested(3)


def test_fails():
    pytest.fail("not written yet")


@pytest.mark.xfail(strict=True, reason="milk is dear")
def test_strict():
    assert prices.price("milk") == 2


def test_good():
    assert prices.price("tea") == 3
