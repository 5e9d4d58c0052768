#!/bin/bash
PS4='+ ${BASH_SOURCE##*/}:${LINENO}: ${FUNCNAME[0]:-main}: '
set -ex
prices() {
    cat prices.csv
}
prices
