import asyncio
import time
import unittest

import pytest

from till.prices import price


@pytest.mark.asyncio
async def test_gathered():
    await asyncio.gather(later("tea"), later("salt"))


async def later(name):
    await asyncio.sleep(0)
    return price(name)


@pytest.mark.timeout(0.2)
def test_slow():
    time.sleep(5)


class PriceCase(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(price("tea"), 4)


def test_group():
    raise ExceptionGroup("a bad day", [ValueError("no tea"), TypeError("no milk")])


def test_noted():
    try:
        price("salt")
    except KeyError as error:
        error.add_note("salt is sold out")
        raise
