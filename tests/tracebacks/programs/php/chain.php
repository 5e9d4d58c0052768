<?php
// An exception that is the cause of another one.
class OrderError extends RuntimeException
{
}

function load(string $path): string
{
    throw new InvalidArgumentException("no order at\n  $path");
}

function order(): string
{
    try {
        return load("orders/1");
    } catch (InvalidArgumentException $e) {
        throw new OrderError("can't read the order", 12, $e);
    }
}

order();
