#!/bin/bash
set -u
fetch() {
    cat prices.csv
    cd /nonexistent
    upload --now
}
fetch
[ abc -gt 3 ]
echo $((1 / 0))
./data.txt
readonly X=1
X=2
echo "$MISSING"
