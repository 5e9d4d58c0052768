<?php
// Warnings and notices only.
echo $missing;
$text = "a" . [];
file_get_contents("missing.txt");
trigger_error("old function", E_USER_DEPRECATED);
echo "done\n";
