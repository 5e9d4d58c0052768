<?php
use PHPUnit\Framework\TestCase;

function perPerson(int $amount, int $people): int
{
    return intdiv($amount, $people);
}

final class ShopTest extends TestCase
{
    public function testTotal(): void
    {
        $this->assertSame(3, 2 + 2);
    }

    public function testNobody(): void
    {
        perPerson(10, 0);
    }

    public function testWrapped(): void
    {
        try {
            perPerson(10, 0);
        } catch (DivisionByZeroError $e) {
            throw new LogicException("nobody to pay", 0, $e);
        }
    }

    /** @dataProvider names */
    public function testNames(string $name): void
    {
        $this->assertEquals(["name" => "tea", "price" => 3], ["name" => $name, "price" => 3]);
    }

    public static function names(): array
    {
        return ["green" => ["green tea"], "plain" => ["tea"]];
    }

    public function testLater(): void
    {
        $this->markTestSkipped("not yet");
    }

    public function testNothing(): void
    {
    }
}
