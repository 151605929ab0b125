#!/usr/bin/env bash
# Fuzzes one target, or each in turn, and keeps the smallest inputs that together reach all that
# was reached. What breaks a target is left in fuzz/findings/TARGET, where the tests replay it.
# usage: fuzz.sh [TARGET|all] [SECONDS for each]
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-all}
each=${2:-60}
# Most files of a target's corpus, and the longest that is kept.
files_max=150
bytes_max=4096

build=target/fuzz
triple=$(rustc -vV | sed -n 's/^host: //p')
# The compiler's own coverage pass, on a stable toolchain; libfuzzer-sys brings the rest.
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
coverage+=" -Cllvm-args=-sanitizer-coverage-pc-table"
coverage+=" -Cllvm-args=-sanitizer-coverage-trace-compares"

# The same versions of everything as the product has.
cp Cargo.lock fuzz/libfuzzer/Cargo.lock
RUSTFLAGS=$coverage CARGO_TARGET_DIR=$build cargo build --quiet --release --target "$triple" \
    --manifest-path fuzz/libfuzzer/Cargo.toml
fuzzer=$build/$triple/release/gw-libfuzzer

# run NAME OPTIONS...: the fuzzer on one target, with its dictionary where it has one.
run() {
    local name=$1 words=()
    shift
    [ ! -f "fuzz/dictionaries/$name.dict" ] || words=(-dict="fuzz/dictionaries/$name.dict")
    FUZZ_TARGET=$name "$fuzzer" ${words[@]+"${words[@]}"} -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=512 \
        -max_len=$bytes_max -artifact_prefix="fuzz/findings/$name/" "$@"
}

# Adds to the committed corpus what it does not reach yet; of more than there is room for, some
# of each size.
keep() {
    local name=$1 found=$2 new room
    new=$(mktemp -d)
    cp "fuzz/corpus/$name"/* "$new"
    run "$name" -set_cover_merge=1 "$new" "$found" >/dev/null 2>&1
    room=$((files_max - $(find "fuzz/corpus/$name" -type f | wc -l)))
    find "$new" -type f -size -${bytes_max}c -printf '%s %f\n' | sort -n | cut -d ' ' -f 2 |
        awk -v room="$room" -v folder="fuzz/corpus/$name/" '
            system("test -e " folder $0) != 0 { file[count++] = $0 }
            END {
                for (i = 0; i < count; i++)
                    if (count <= room || int(i * room / count) != int((i + 1) * room / count)) print file[i]
            }' |
        while read -r file; do cp "$new/$file" "fuzz/corpus/$name/"; done
    rm -r "$new"
}

names=$target
[ "$target" != all ] || names=$(ls fuzz/corpus)
broken=()
for name in $names; do
    found=$build/corpus/$name
    mkdir -p "$found" "fuzz/findings/$name"
    printf '\n== %s, %s s ==\n' "$name" "$each"
    run "$name" -max_total_time="$each" -print_final_stats=1 "$found" "fuzz/corpus/$name" ||
        broken+=("$name")
    keep "$name" "$found"
    rmdir --ignore-fail-on-non-empty "fuzz/findings/$name"
done
if [ "${#broken[@]}" != 0 ]; then
    printf '\nbroken: %s; see fuzz/findings\n' "${broken[*]}" >&2
    exit 1
fi
