#!/bin/bash
# Measures what the tests execute of include/ and src/, and fails below the bounds. Builds with g++ and without
# optimisation, so that every branch of the source is one of the binary.
#   test/coverage.sh             the table, and build/coverage/report/index.html
#   test/coverage.sh --no-tests  the report alone, of the last run
set -euo pipefail
cd "$(dirname "$0")/.."
. test/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages $test_packages $coverage_packages && need_npm

lines=99
branches=92
folder=build/coverage
if [ "${1:-}" != --no-tests ]; then
    cmake -S . -B "$folder" -G Ninja -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_CXX_FLAGS_DEBUG="-O0 -g1 --coverage -fno-inline -DNDEBUG" -DUNIPILE_BUILD_EXAMPLES=OFF \
        -DUNIPILE_TEST_FOLDERS="values;decode;http;paging;simulator;harvest;store;durable;program;crash;contract" >/dev/null
    cmake --build "$folder" -j "$(nproc)" >"$folder/build.log" 2>&1 || { tail -n 50 "$folder/build.log"; exit 1; }
    find "$folder" -name '*.gcda' -delete
    ctest --test-dir "$folder" -j "$(nproc)" --timeout 1800 >"$folder/ctest.log" 2>&1 ||
        { sed -n '/tests failed/,$p' "$folder/ctest.log"; exit 1; }
fi
mkdir -p "$folder/report"
# Branches that only an exception takes are the compiler's, one for each call that may throw. What the tests show of
# them is in the tests that let every allocation and every step fail. Left out besides, line by line in the sources:
# what the compiler asks for and no program reaches (GCOVR_EXCL_LINE, GCOVR_EXCL_START and GCOVR_EXCL_STOP, each with
# its reason).
gcovr --root . --object-directory "$folder" --filter 'src/' --filter 'include/' --exclude-throw-branches \
    --exclude-unreachable-branches --gcov-ignore-parse-errors -j "$(nproc)" --print-summary \
    --html-details "$folder/report/index.html" --txt "$folder/report/coverage.txt" \
    --fail-under-line "$lines" --fail-under-branch "$branches" "$folder"
