"""Texts that several tests rewrite."""

from termcoder.refactoring.selecting import Selection, parse_target, select

SHOP = '''"""A shop."""

import json


class Shop:
    # makes a bill
    def bill(self, rows, tax=0.2):
        total = 0
        for row in rows:
            price = row["price"]
            if price > 100:
                price *= 0.9
            total += price
        text = f"""is
   {total:>{tax}} {{total}} {total!r}
"""
        print(self.name, text, total=total)
        return total * (1 + tax)


def load(path, default=None):
    with open(path) as file:
        return json.load(file) or default


def twice(path):
    return load(path, default=3), Shop().bill([], tax=1)
'''

SCRIPT = """const limit = 3;

export function names(items) {
  const total = items.length;
  const shown = { total, size: total };
  return shown.total + total + limit;
}

class Basket {
  add(item) {
    this.items.push(item);
    return item;
  }
}
"""


def chosen(target: str, text: str = SHOP) -> Selection:
    return select(parse_target(target), text)


def answer(code: str) -> str:
    return f"Here it is:\n\n```python\n{code.strip(chr(10))}\n```\n"
