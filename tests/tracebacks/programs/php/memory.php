<?php
// More memory than the limit.
ini_set("memory_limit", "2M");
function fill(): string
{
    return str_repeat("x", 8 * 1024 * 1024);
}
fill();
