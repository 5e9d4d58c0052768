"""Failing tests in unittest's own style."""

import unittest

from till.basket import Basket
from till.prices import checked_price, price


class PriceTest(unittest.TestCase):
    def test_tea(self):
        """Tea costs three."""
        self.assertEqual(price("tea"), 4, "tea became dear")

    def test_salt(self):
        print("asking for salt")
        price("salt")

    def test_wrapped(self):
        checked_price("salt")

    def test_all(self):
        for name in ("tea", "milk", "salt"):
            with self.subTest(name=name):
                self.assertGreater(price(name), 2)


class DrawerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.total = Basket().checked_total()

    def test_never(self):
        self.fail("not reached")
