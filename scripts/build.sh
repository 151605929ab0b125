#!/usr/bin/env bash
# Builds the one binary with the profile that `make run` and `make test` share.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -x target/debug/gatewright ]; then
    echo "building Gatewright: some minutes the first time, seconds the next"
fi
cargo build --locked --package gatewright
