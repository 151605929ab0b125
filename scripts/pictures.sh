#!/usr/bin/env bash
# Takes the pictures of the README from a running demo, at desktop width in the light look.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup-test.sh
scripts/build.sh
mkdir -p docs/pictures
node tests/e2e/pictures.mjs docs/pictures
ls -l docs/pictures
