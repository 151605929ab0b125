#!/bin/sh
# All checks of scim2-tester (PyPI) against the example server.
#
# Usage: conformance.sh <folder of a virtual environment, made where it is not there> [command that starts the server]
set -eu

venv=${1:?"the folder of a virtual environment"}
serve=${2:-"cargo run --quiet --package gw-scim --example serve --"}
here=$(dirname "$0")

if ! "$venv/bin/python" -c 'import scim2_tester' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet scim2-cli==0.6.0 scim2-client==0.13.2 scim2-models==0.12.3 scim2-tester==0.5.2
fi

said=$(mktemp)
$serve 0 secret >"$said" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -f "$said"' EXIT

# The server says its address once it listens.
until base=$(head -n 1 "$said") && [ -n "$base" ]; do
    kill -0 "$server" 2>/dev/null || { echo "the server did not start" >&2; exit 1; }
    sleep 0.1
done

"$venv/bin/python" "$here/conformance.py" "$base" secret
