#!/bin/sh
# All checks of scim2-tester (PyPI) against the example server; and what the example server and
# scim2-server (PyPI) make of the same filters, orders and patches.
#
# Usage: conformance.sh <folder of a virtual environment, made where it is not there> [command that starts the server]
set -eu

venv=${1:?"the folder of a virtual environment"}
serve=${2:-"cargo run --quiet --package gw-scim --example serve --"}
here=$(dirname "$0")

if ! "$venv/bin/python" -c 'import scim2_tester, scim2_server' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet scim2-client==0.13.2 scim2-models==0.12.3 scim2-server==0.8.3 scim2-tester==0.5.2
fi

said=$(mktemp)
log=$(mktemp)
$serve 0 secret >"$said" &
server=$!
peer=
trap 'kill $server $peer 2>/dev/null || true; rm -f "$said" "$log"' EXIT

wait_for() {
    until "$@" 2>/dev/null; do
        kill -0 "$server" || { echo "the server did not start" >&2; exit 1; }
        sleep 0.1
    done
}

# The server says its address once it listens.
wait_for test -s "$said"
base=$(head -n 1 "$said")
"$venv/bin/python" "$here/conformance.py" "$base" secret

port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$venv/bin/scim2-server" --port "$port" --bearer-token token >"$log" 2>&1 &
peer=$!
wait_for "$venv/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $port))"
"$venv/bin/python" "$here/beside.py" "$base" secret "http://127.0.0.1:$port/v2" token
