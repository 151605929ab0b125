#!/usr/bin/env bash
# Runs the end-to-end tests, one file at a time. usage: run.sh [NAME]   (bo runs bo.test.mjs)
set -euo pipefail
cd "$(dirname "$0")"
files=(*.test.mjs)
[ -z "${1:-}" ] || files=("$1.test.mjs")
exec node --test --test-concurrency=1 --test-reporter=spec "${files[@]}"
