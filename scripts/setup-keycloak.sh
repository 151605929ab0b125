#!/usr/bin/env bash
# Installs Keycloak for its tests and `make bench` into target/tools, says so, and skips what is there: Java and Maven from Debian's
# packages, Keycloak itself (176 MB) from Maven Central. It is built once, to keep all that it knows in memory.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/as-root.sh

VERSION=26.7.3
ARTIFACT=org.keycloak:keycloak-quarkus-dist:$VERSION:tar.gz
COPY=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy
place=target/tools/keycloak
stamp=$place/.installed

missing_packages() {
    command -v java >/dev/null || echo default-jre-headless
    command -v mvn >/dev/null || echo maven
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    [ "${#packages[@]}" != 0 ] || return 0
    echo "setup: installing from Debian's packages: ${packages[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
}

if [ "$(cat "$stamp" 2>/dev/null)" = "$VERSION" ]; then
    echo "setup: Keycloak is there"
    exit
fi
install_packages
echo "setup: installing Keycloak $VERSION from Maven Central"
fetched=$(mktemp -d)
trap 'rm -rf "$fetched"' EXIT
mvn -B -q "$COPY" -Dartifact="$ARTIFACT" -DoutputDirectory="$fetched"
rm -rf "$place"
mkdir -p "$place"
tar xzf "$fetched/keycloak-quarkus-dist-$VERSION.tar.gz" -C "$place" --strip-components=1
"$place/bin/kc.sh" build --db=dev-mem --cache=local >/dev/null
echo "$VERSION" >"$stamp"
