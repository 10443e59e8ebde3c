#!/bin/bash
# Installs what a bare Debian or Ubuntu lacks, builds every preset and runs its tests. With arguments: only those presets.
#   test/run.sh [PRESET...]
# The last lines are CTest's closing lines: of the first preset that failed, or else of the last one. Before them there
# is a line for each preset, with the tests that were skipped.
# The presets are for g++ 12 and clang 19. Where the release has other versions, they are used; their warnings are counted
# and are no errors.
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

# compiler_of PRESET: the version and the path of what the release has.
compiler_of() {
    local path
    case $1 in
    clang-*) path=$(command -v clang++-19 || command -v clang++) ;;
    *) path=$(command -v g++) ;;
    esac
    echo "$("$path" -dumpversion | cut -d. -f1) $path"
}

# run_preset NAME: configures, builds, tests; leaves what happened in `outcome` and the tests' output in their log.
run_preset() {
    local folder=build/$1 major path warnings settings=()
    mkdir -p "$folder"
    rm -f "$folder/ctest.log"
    outcome="could not be configured"
    read -r major path < <(compiler_of "$1")
    case $path:$major in
    */g++:12 | */clang++-19:19) ;;
    *) settings=("-DCMAKE_CXX_COMPILER=$path" -DUNIPILE_WARNINGS_AS_ERRORS=OFF) ;;
    esac
    cmake --preset "$1" "${settings[@]}" >"$folder/configure.log" 2>&1 || { cat "$folder/configure.log"; return 1; }
    outcome="did not build"
    cmake --build --preset "$1" -j "$(nproc)" >"$folder/build.log" 2>&1 || { tail -n 100 "$folder/build.log"; return 1; }
    outcome="tests failed"
    ctest --preset "$1" 2>&1 | tee "$folder/ctest.log"
    [ "${PIPESTATUS[0]}" -eq 0 ] || return 1
    warnings=$(grep -c 'warning:' "$folder/build.log")
    outcome="passed"
    [ "$warnings" -eq 0 ] || outcome="passed with $warnings warnings of $(basename "$path") $major"
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
