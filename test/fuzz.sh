#!/bin/bash
# Runs every fuzzer that a build has for a while, an hour each by default, as many at once as there are processors.
#   test/fuzz.sh [BUILD_FOLDER [SECONDS [NAME...]]]
# What a fuzzer finds worth keeping goes into BUILD_FOLDER/corpus/NAME, and is where the next run begins; inputs that
# fail are in BUILD_FOLDER/corpus/NAME.failed. One line a fuzzer; fails if one of them does.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/clang-asan-ubsan}
seconds=${2:-3600}
shift $(($# < 2 ? $# : 2))
mapfile -t programs < <(find "$build/test" -type f -name 'fuzz_*' -perm -u+x | sort)
[ ${#programs[@]} -gt 0 ] || { echo "$build has no fuzzers: configure it with -DUNIPILE_BUILD_FUZZERS=ON"; exit 1; }

# run_one PROGRAM
run_one() {
    local name folder corpus
    name=$(basename "$1")
    name=${name#fuzz_}
    folder=$(basename "$(dirname "$1")")
    corpus=$build/corpus/$name
    mkdir -p "$corpus" "$corpus.failed"
    if "$1" -max_total_time="$seconds" -timeout=60 -max_len=4096 -print_final_stats=1 -artifact_prefix="$corpus.failed/" \
        "$corpus" "test/$folder/seeds/$name" >"$corpus.log" 2>&1; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$corpus.log") executions, clean"
    else
        echo "$name: FAILED, see $corpus.log"
        return 1
    fi
}
export -f run_one
export build seconds

wanted=()
for program in "${programs[@]}"; do
    name=$(basename "$program")
    if [ $# -eq 0 ] || [[ " $* " == *" ${name#fuzz_} "* ]]; then wanted+=("$program"); fi
done
[ ${#wanted[@]} -gt 0 ] || { echo "no fuzzer has that name"; exit 1; }
# shellcheck disable=SC2016
printf '%s\0' "${wanted[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c 'run_one "$0"'
