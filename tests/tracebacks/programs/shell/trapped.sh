#!/bin/bash
set -eE
trap 'echo "Error in deploy.sh on line $LINENO: command exited with status $?"' ERR
false
