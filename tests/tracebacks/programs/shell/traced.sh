#!/bin/bash
set -e
prices() {
    cat prices.csv
}
prices
