#!/usr/bin/env bash
# Builds Gatewright as it is shipped: optimised by what the processor was seen to do under load
# (profile-guided optimisation). Prints where the binary is. What is up to date is not done again.
#
# The load is that of `make bench` and `make storm`, against a first build that counts. PROFILE=FILE
# skips the counting and takes a profile that is there: two builds of one commit with one profile
# are the same to the byte.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$PWD/target/trained
host=$(rustc -vV | sed -n 's/^host: //p')
tools=$(rustc --print sysroot)/lib/rustlib/$host/bin

say() { echo "release: $*" >&2; }

build() { # build FOLDER FLAGS
    CARGO_TARGET_DIR=$1 RUSTFLAGS=$2 \
        cargo build --release --locked --quiet --target "$host" --package gatewright
}

# The compiler's own reader of counts: another version would not understand them.
find_profdata() {
    [ -x "$tools/llvm-profdata" ] && return
    say "installing the compiler's llvm-tools"
    rustup component add llvm-tools >&2 && [ -x "$tools/llvm-profdata" ] && return
    say "llvm-profdata of this compiler is missing: install it (\`rustup component add llvm-tools\`)," \
        "or take a profile that is there (PROFILE=FILE)"
    exit 1
}

# What is counted anew: the profile is older than the build that counts.
train() {
    local counts=$folder/counts binary=$folder/counting/$host/release/gatewright
    say "building what counts (some ten minutes the first time)"
    build "$folder/counting" "-Cprofile-generate=$counts -Cllvm-args=-vp-counters-per-site=8"
    if [ "$folder/profile" -nt "$binary" ]; then
        return
    fi
    scripts/setup-bench.sh load >&2
    say "building the load"
    cargo build --release --locked --quiet --package gw-bench-peers --package gw-storm
    rm -rf "$counts"
    say "counting under load (some three minutes)"
    target/release/gw-bench-peers --gatewright "$binary" --train --secs 1 >&2
    target/release/gw-storm --gatewright "$binary" --seconds 1 >&2
    "$tools/llvm-profdata" merge --output "$folder/profile.new" "$counts"
    mv "$folder/profile.new" "$folder/profile"
}

mkdir -p "$folder"
profile=${PROFILE:-}
if [ -z "$profile" ]; then
    find_profdata
    train
    profile=$folder/profile
fi
# Named by what it holds, so that another profile is another build.
named=$folder/$(sha256sum <"$profile" | cut -c1-16).profdata
[ -e "$named" ] || cp "$profile" "$named"
say "building what is shipped (some ten minutes the first time)"
build "$folder/shipped" "-Cprofile-use=$named"
ln -sf "shipped/$host/release/gatewright" "$folder/gatewright"
echo target/trained/gatewright
