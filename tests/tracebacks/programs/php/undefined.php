<?php
// Warnings first, then a function that isn't there.
echo $missing;
echo $list["key"];
totl([1, 2]);
