<?php
// An uncaught TypeError, some calls deep.
class Shop
{
    public function total(array $items): int
    {
        return array_sum(array_map(fn($item) => $this->priceOf($item), $items));
    }

    private function priceOf(array $item): int
    {
        return $item["price"];
    }
}

function main(): void
{
    echo (new Shop())->total([["price" => 3], null]);
}

main();
