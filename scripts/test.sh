#!/usr/bin/env bash
# Runs test suites one after the other and prints the time and the counts of each at the end.
# usage: test.sh all|lint|unit|console|e2e|keycloak      (ONLY=bo limits e2e to one file; keycloak is not in all)
set -uo pipefail
cd "$(dirname "$0")/.."
logs=target/test-logs
mkdir -p "$logs"

rows=()
passed=0
failed=0
skipped=0
broken=0

# suite NAME COMMAND...: runs, shows and keeps the output, notes time and counts.
suite() {
    local name=$1 began status log
    shift
    log=$logs/${name// /-}.log
    printf '\n== %s ==\n' "$name"
    began=$SECONDS
    "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    note "$name" "$((SECONDS - began))" "$status" "$log"
    return "$status"
}

# Reads the closing lines of cargo test and of node's test runner.
counted() {
    awk -v kind="$1" '
        /^test result:/ {
            for (i = 2; i <= NF; i++) {
                if ($i ~ /^passed;/) n["pass"] += $(i - 1)
                if ($i ~ /^failed;/) n["fail"] += $(i - 1)
                if ($i ~ /^ignored;/) n["skip"] += $(i - 1)
            }
        }
        NF == 3 && $3 ~ /^[0-9]+$/ {
            if ($2 == "pass") n["pass"] += $3
            if ($2 == "fail" || $2 == "cancelled") n["fail"] += $3
            if ($2 == "skipped" || $2 == "todo") n["skip"] += $3
        }
        END { print n[kind] + 0 }' "$2"
}

note() {
    local name=$1 seconds=$2 status=$3 log=$4 pass fail skip verdict=ok
    pass=$(counted pass "$log")
    fail=$(counted fail "$log")
    skip=$(counted skip "$log")
    if [ "$status" != 0 ]; then
        verdict="FAILED, see $log"
        broken=1
        [ "$fail" != 0 ] || fail=1
    fi
    passed=$((passed + pass))
    failed=$((failed + fail))
    skipped=$((skipped + skip))
    rows+=("$(printf '%-24s %6d %6d %6d   %3d min %02d s   %s' "$name" "$pass" "$fail" "$skip" $((seconds / 60)) $((seconds % 60)) "$verdict")")
}

lint() {
    suite "formatting" cargo fmt --all --check
    suite "clippy" cargo clippy --locked --workspace --all-targets -- -D warnings
    suite "rustdoc" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
}

unit() {
    suite "build of the tests" cargo test --locked --workspace --no-run || return
    suite "unit and property" cargo test --locked --workspace --lib --bins --no-fail-fast
    suite "integration and layers" cargo test --locked --workspace --test '*' --no-fail-fast
    suite "examples in the docs" cargo test --locked --workspace --doc --no-fail-fast
}

setup() {
    [ -z "${is_set_up:-}" ] || return 0
    suite "setup" scripts/setup-test.sh && is_set_up=1
}

# The console by itself: what is committed is what its sources give, and its pages, against a server of its own.
console() {
    setup || return
    suite "console" npm --prefix crates/administration/console/web run --silent verify
}

e2e() {
    setup || return
    suite "build" scripts/build.sh || return
    suite "end to end" tests/e2e/run.sh "${ONLY:-}"
}

keycloak() {
    setup || return
    suite "setup of Keycloak" scripts/setup-keycloak.sh || return
    suite "build" scripts/build.sh || return
    suite "keycloak" node --test --test-reporter=spec tests/long/keycloak.test.mjs
}

case "${1:-all}" in
all)
    setup # what some tests of crates ask, too: a directory server
    lint
    unit
    console
    e2e
    ;;
lint | unit | console | e2e | keycloak) "$1" ;;
*)
    echo "usage: test.sh all|lint|unit|console|e2e|keycloak" >&2
    exit 2
    ;;
esac

printf '\n%-24s %6s %6s %6s   %s\n' suite passed failed skipped time
printf '%s\n' "${rows[@]}"
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$broken" = 0 ]
