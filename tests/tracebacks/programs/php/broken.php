<?php
function total($items) {
    foreach ($items as $item) {
        echo $item;
}
