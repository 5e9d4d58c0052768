<?php
// A fatal error that is no exception.
interface Priced
{
    public function price(): int;
}
class Tea implements Priced
{
}
