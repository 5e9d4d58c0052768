<?php
// An exception that the program logs and goes on from.
function parse(string $text): int
{
    if (!is_numeric($text)) {
        throw new UnexpectedValueException("not a number: $text");
    }
    return (int) $text;
}
try {
    parse("ten");
} catch (UnexpectedValueException $e) {
    error_log("import failed: " . $e);
}
echo "done\n";
