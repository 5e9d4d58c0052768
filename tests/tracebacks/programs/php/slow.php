<?php
// Longer than the limit.
set_time_limit(1);
function wait(): void
{
    while (true) {
    }
}
wait();
