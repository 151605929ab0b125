#!/usr/bin/env bash
# Installs what the tests need beyond Rust, says so, and skips what is there:
# Debian packages by apt-get (as root, or through sudo) and npm packages by their lock files.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: '$*' needs root: run as root, or install sudo and allow this user to use it" >&2
        return 1
    fi
}

node_is_recent() {
    command -v node >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'
}

missing_packages() {
    command -v chromium >/dev/null || echo chromium
    command -v curl >/dev/null || echo curl
    command -v openssl >/dev/null || echo openssl
    node_is_recent || echo nodejs
    command -v npm >/dev/null || echo npm
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    if [ "${#packages[@]}" = 0 ]; then
        echo "setup: chromium, curl, openssl, node and npm are there"
        return
    fi
    echo "setup: installing from Debian's packages: ${packages[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    node_is_recent || {
        echo "setup: the tests need Node.js 18 or later; $(node --version 2>/dev/null || echo none) is installed" >&2
        return 1
    }
}

# Installs a folder's locked packages unless that very lock file is installed already.
install_npm() {
    local folder=$1 lock stamp
    lock=$(sha256sum <"$folder/package-lock.json")
    stamp=$folder/node_modules/.installed-lock
    if [ "$(cat "$stamp" 2>/dev/null)" = "$lock" ]; then
        echo "setup: npm packages of $folder are there"
        return
    fi
    echo "setup: installing npm packages of $folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    echo "$lock" >"$stamp"
}

install_packages
install_npm tests/e2e
install_npm tests/e2e/node-red
