#!/usr/bin/env bash
# Installs what the tests need beyond Rust, says so, and skips what is there:
# Debian packages by apt-get (as root, or through sudo), npm packages by their lock files,
# h2spec and step-ca as Go modules, schemathesis, pysaml2 and scim2-tester from PyPI, podman, and a small Debian to boot;
# without them, their tests say so and are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/as-root.sh

node_is_recent() {
    command -v node >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'
}

missing_packages() {
    command -v chromium >/dev/null || echo chromium
    command -v curl >/dev/null || echo curl
    command -v openssl >/dev/null || echo openssl
    node_is_recent || echo nodejs
    command -v npm >/dev/null || echo npm
    command -v python3 >/dev/null || echo python3
    python3 -c 'import venv, ensurepip' 2>/dev/null || echo python3-venv
    [ -x /usr/sbin/slapd ] || echo slapd
    command -v ldapmodify >/dev/null || echo ldap-utils
    [ -x /usr/sbin/apache2 ] || echo apache2-bin
    [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || echo libapache2-mod-auth-openidc
    [ -e /usr/lib/apache2/modules/mod_auth_mellon.so ] || echo libapache2-mod-auth-mellon
    [ -x /usr/sbin/mkfs.ext4 ] || command -v mkfs.ext4 >/dev/null || echo e2fsprogs
}

# Runs a command while Debian starts no daemon of what it installs (slapd's would be one more
# directory, on the usual port): the tests start their own.
without_daemons() {
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 0755 "$policy"
        ours=yes
    fi
    local outcome=0
    "$@" || outcome=$?
    [ -z "$ours" ] || as_root rm -f "$policy"
    return "$outcome"
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    if [ "${#packages[@]}" = 0 ]; then
        echo "setup: chromium, curl, openssl, node, npm, python3, slapd, apache2 with mod_auth_openidc and mod_auth_mellon, and e2fsprogs are there"
        return
    fi
    echo "setup: installing from Debian's packages: ${packages[*]}"
    as_root apt-get update -qq
    without_daemons as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
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

H2SPEC=github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible
STEP_CA=github.com/smallstep/certificates/cmd/step-ca@v0.30.2

# Builds a program from its Go module, without a C compiler.
install_go_program() {
    local name=$1 module=$2 tools
    tools=$PWD/target/tools
    if [ -x "$tools/$name" ]; then
        echo "setup: $name is there"
        return
    fi
    if ! command -v go >/dev/null; then
        echo "setup: installing from Debian's packages: golang-go"
        as_root apt-get update -qq &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go >/dev/null ||
            echo "setup: Go could not be installed" >&2
    fi
    echo "setup: installing $name"
    mkdir -p "$tools"
    CGO_ENABLED=0 GOBIN=$tools go install "$module" ||
        echo "setup: $name could not be installed; its tests are skipped" >&2
}

SCHEMATHESIS=schemathesis==4.32.5
PYSAML2=pysaml2==7.5.5
SCIM2_TESTER='scim2-tester==0.5.2 scim2-client[httpx2]==0.13.2 scim2-models==0.12.3'

# Installs packages from PyPI, in an environment of their own.
install_python_program() {
    local name=$1 packages=$2 place=target/tools/$1 stamp=target/tools/$1/.installed
    if [ "$(cat "$stamp" 2>/dev/null)" = "$packages" ]; then
        echo "setup: $name is there"
        return
    fi
    echo "setup: installing $name from PyPI"
    mkdir -p target/tools
    python3 -m venv "$place" &&
        # Names of packages have no spaces: each is a word of its own.
        # shellcheck disable=SC2086
        "$place/bin/pip" install --quiet --disable-pip-version-check $packages &&
        echo "$packages" >"$stamp" ||
        echo "setup: $name could not be installed; its test is skipped" >&2
}

# What pysaml2 signs and checks with.
install_xmlsec() {
    if command -v xmlsec1 >/dev/null; then
        echo "setup: xmlsec1 is there"
        return
    fi
    echo "setup: installing from Debian's packages: xmlsec1"
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends xmlsec1 >/dev/null ||
        echo "setup: xmlsec1 could not be installed; its test is skipped" >&2
}

# A small Debian of this release, whose systemd the tests boot.
install_debian() {
    local root=target/tools/debian.tar release
    if [ -s "$root" ]; then
        echo "setup: a Debian to boot is there"
        return
    fi
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    if ! command -v mmdebstrap >/dev/null; then
        echo "setup: installing from Debian's packages: mmdebstrap"
        as_root apt-get update -qq &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mmdebstrap >/dev/null || true
    fi
    echo "setup: making a Debian to boot, $release"
    mkdir -p target/tools
    as_root mmdebstrap --quiet --variant=essential --include=systemd,systemd-sysv,passwd,libgcc-s1,ca-certificates \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$release" "$root.part.tar" && mv "$root.part.tar" "$root" ||
        echo "setup: a Debian to boot could not be made; its tests are skipped" >&2
}

install_podman() {
    if command -v podman >/dev/null; then
        echo "setup: podman is there"
        return
    fi
    echo "setup: installing from Debian's packages: podman"
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends podman crun >/dev/null ||
        echo "setup: podman could not be installed; its test is skipped" >&2
}

install_packages
install_go_program h2spec "$H2SPEC"
install_go_program step-ca "$STEP_CA"
install_python_program schemathesis "$SCHEMATHESIS"
install_python_program pysaml2 "$PYSAML2"
install_python_program scim2-tester "$SCIM2_TESTER"
install_xmlsec
install_debian
install_podman
install_npm tests/e2e
install_npm tests/e2e/node-red
install_npm crates/administration/console/web
