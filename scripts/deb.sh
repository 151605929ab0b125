#!/usr/bin/env bash
# Makes a Debian package of Gatewright. usage: deb.sh [BINARY] [FOLDER]
# Without BINARY it is built for release; the package is put into FOLDER, target/debian by default.
# VERSION overrides the version, COMPRESSION xz; two packages of one binary are the same to the byte.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:-}
out=${2:-target/debian}
version=${VERSION:-$(awk -F '"' '/^version = / { print $2; exit }' Cargo.toml)}
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
umask 022

if [ -z "$binary" ]; then
    binary=$(scripts/release.sh)
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 0755 "$root"
share=$root/usr/share

# put MODE FILE TARGET: below the package's root
put() { install -D -m "$1" "$2" "$root/$3"; }

put 0755 "$binary" usr/bin/gatewright
strip --strip-unneeded "$root/usr/bin/gatewright"
for unit in packaging/systemd/*; do
    put 0644 "$unit" "usr/lib/systemd/system/${unit##*/}"
done
put 0640 packaging/gatewright.toml etc/gatewright/gatewright.toml
install -d -m 0750 "$root/etc/gatewright/policies" "$root/etc/gatewright/tls"

put 0644 packaging/debian/copyright usr/share/doc/gatewright/copyright
put 0644 crates/gatewright/gatewright.example.toml usr/share/doc/gatewright/gatewright.example.toml
put 0644 docs/dashboard.json usr/share/doc/gatewright/dashboard.json
# Policies and an organisation to copy: where examples belong, and where images that leave out
# /usr/share/doc still have them.
install -d "$share/gatewright"
cp -r --no-preserve=mode,ownership policies docs/examples/declared "$share/gatewright/"
ln -s ../../gatewright "$share/doc/gatewright/examples"
gzip -9nc CHANGELOG.md >"$share/doc/gatewright/changelog.gz"

"$binary" man "$root/man" >/dev/null
for page in "$root"/man/*; do
    folder=$share/man/man${page##*.}
    install -d "$folder"
    gzip -9nc "$page" >"$folder/${page##*/}.gz"
done
rm -r "$root/man"

# complete SHELL TARGET
complete() {
    install -d "$(dirname "$share/$2")"
    "$binary" completions "$1" >"$share/$2"
}
complete bash bash-completion/completions/gatewright
complete zsh zsh/vendor-completions/_gatewright
complete fish fish/vendor_completions.d/gatewright.fish

# What it is linked with: the newest symbols of the C library that it asks for, and libgcc.
glibc=$(readelf -V "$binary" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1)
depends="libc6 (>= ${glibc#GLIBC_}), libgcc-s1"

install -d "$root/DEBIAN"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
    -e "s/@SIZE@/$size/" -e "s/@DEPENDS@/$depends/" \
    packaging/debian/control.in >"$root/DEBIAN/control"
install -m 0644 packaging/debian/conffiles "$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do
    install -m 0755 "packaging/debian/$script" "$root/DEBIAN/$script"
done

find "$root" -newermt "@$SOURCE_DATE_EPOCH" -print0 | xargs -0r touch -h -d "@$SOURCE_DATE_EPOCH"
mkdir -p "$out"
package=$out/gatewright_${version}_$architecture.deb
dpkg-deb --root-owner-group "-Z${COMPRESSION:-xz}" --build "$root" "$package" >/dev/null
echo "$package"
