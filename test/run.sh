#!/bin/bash
# Installs what a bare Debian 12 lacks, builds every preset and runs its tests. With arguments: only those presets.
#   test/run.sh [PRESET...]
# The last lines are CTest's closing lines: of the first preset that failed, or else of the last one. Before them there
# is a line for each preset, with the tests that were skipped.
set -u
cd "$(dirname "$0")/.." || exit 1
. test/packages.sh

presets=("$@")
[ $# -gt 0 ] || presets=(gcc-release gcc-asan clang-asan-ubsan clang-tsan)

# shellcheck disable=SC2086
need_packages $build_packages $test_packages || exit 1
need_npm

results=()
closing=
failed=0

# run_preset NAME: configures, builds, tests; leaves what happened in `outcome` and the tests' output in their log.
run_preset() {
    local folder=build/$1
    mkdir -p "$folder"
    rm -f "$folder/ctest.log"
    outcome="could not be configured"
    cmake --preset "$1" >"$folder/configure.log" 2>&1 || { cat "$folder/configure.log"; return 1; }
    outcome="did not build"
    cmake --build --preset "$1" -j "$(nproc)" >"$folder/build.log" 2>&1 || { tail -n 100 "$folder/build.log"; return 1; }
    outcome="tests failed"
    ctest --preset "$1" 2>&1 | tee "$folder/ctest.log"
    [ "${PIPESTATUS[0]}" -eq 0 ] || return 1
    outcome="passed"
}

# skipped_in FOLDER: `; skipped: NAME …` if tests of its last run were.
skipped_in() {
    local names
    names=$(sed -n 's/^ *[0-9]*\/[0-9]* Test *#[0-9]*: *\([^ ]*\) .*\*\*\*Skipped.*/\1/p' "$1/ctest.log" 2>/dev/null | tr '\n' ' ')
    [ -z "$names" ] || echo "; skipped: ${names% }"
}

for preset in "${presets[@]}"; do
    echo "== $preset"
    began=$SECONDS
    if run_preset "$preset"; then
        [ "$failed" -ne 0 ] || closing=build/$preset/ctest.log
    else
        [ "$failed" -ne 0 ] || closing=build/$preset/ctest.log
        failed=1
    fi
    results+=("$preset: $outcome, $((SECONDS - began)) s$(skipped_in "build/$preset")")
done

echo
printf '%s\n' "${results[@]}"
echo
if [ -f "$closing" ]; then
    sed -n '/% tests passed/,$p' "$closing"
else
    echo "0 passed, 1 failed"
fi
exit "$failed"
