#!/usr/bin/env bash
# Runs the end-to-end tests, one file at a time. usage: run.sh [NAME]   (bo runs bo.test.mjs)
set -euo pipefail
cd "$(dirname "$0")"
files=(*.test.mjs)
[ -z "${1:-}" ] || files=("$1.test.mjs")
# Tests of full, read-only and slow disks mount their own, which goes with this namespace.
own=()
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
    own=(unshare --mount env GATEWRIGHT_OWN_MOUNTS=1)
fi
exec "${own[@]}" node --test --test-concurrency=1 --test-reporter=spec "${files[@]}"
