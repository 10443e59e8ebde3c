#!/bin/bash
# From a clean clone to a harvest that survives a kill: installs what a bare Debian or Ubuntu lacks, builds the program,
# serves a stand-in API over TLS with errors and broken connections, harvests 200 profiles through 10 accounts, kills
# that harvest midway, runs the same command again, and compares the store with what the simulator holds. Leaves nothing
# behind but build/quickstart.
#   examples/quickstart.sh [PROGRAM]      PROGRAM: a `unipile` that is built already
set -euo pipefail
given=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."
. test/packages.sh

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
[ -t 2 ] || say() { printf '\n== %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# build: leaves the program in $program.
build() {
    # shellcheck disable=SC2086
    need_packages $build_packages
    say "Building (a few minutes the first time)"
    cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Release -DUNIPILE_BUILD_TESTS=OFF -DCMAKE_UNITY_BUILD=ON \
        -DUNIPILE_BUILD_EXAMPLES=OFF >&2
    cmake --build build/quickstart --target unipile_program >&2
    program=$PWD/build/quickstart/src/program/unipile
}
program=$given
[ -n "$program" ] || build

folder=$(mktemp -d)
simulator=
harvest=
cleanup() {
    for id in $harvest $simulator; do kill "$id" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap cleanup EXIT
cd "$folder"

unipile() { "$program" "$@"; }
# show COMMAND...: says what is run, and runs it.
show() { say "\$ $*"; "$@"; }
# The number of jobs that the store says are done; works while the harvest runs. `status` exits with 1 as long as jobs
# are left.
done_jobs() {
    local line
    line=$(unipile status --store posts.db --json 2>/dev/null) || true
    line=$(sed -n 's/^{"jobs":{[^}]*"done":\([0-9]*\).*/\1/p' <<<"$line")
    echo "${line:-0}"
}

serve=(simulate --tls --ca-file ca.pem --accounts 10 --identifiers 200 --posts 0-200 --instagram-share 0.3
    --latency 60 --fault '503:rate=0.1,burst=2' --fault 'reset:rate=0.1,at=random' --fault truncate:rate=0.05
    --write-jobs jobs.csv --write-truth truth.csv)
say "\$ unipile ${serve[*]}"
exec 3< <(exec "$program" "${serve[@]}")
simulator=$!
read -r ready <&3
echo "$ready"
UNIPILE_DSN=$(cut -d' ' -f3 <<<"$ready")
export UNIPILE_DSN UNIPILE_API_KEY=simulated-key

IFS=, read -r account identifier _ < <(grep ',false$' jobs.csv)
say "\$ unipile posts $identifier --account $account --ca-file ca.pem | head -3"
unipile posts "$identifier" --account "$account" --ca-file ca.pem | head -3 | cut -c1-115

command=(harvest jobs.csv --store posts.db --pace none --ca-file ca.pem)
say "\$ unipile ${command[*]} &"
"$program" "${command[@]}" &
harvest=$!
for ((look = 0; look < 1200; look++)); do
    if [ "$(done_jobs)" -ge 50 ] || ! kill -0 "$harvest" 2>/dev/null; then break; fi
    sleep 0.05
done
say "\$ kill -KILL $harvest      # while it is at work"
kill -KILL "$harvest" 2>/dev/null || true
{ wait "$harvest" || true; } 2>/dev/null
harvest=
show unipile status --store posts.db || true
midway=$(done_jobs)
if [ "$midway" -eq 0 ] || [ "$midway" -eq 200 ]; then fail "It was not killed midway: $midway of 200 jobs are done"; fi

show unipile "${command[@]}"

say "\$ unipile export --store posts.db --format csv > posts.csv      # and compare it with the simulator's truth.csv"
unipile export --store posts.db --format csv >posts.csv
# The first four columns of each record, in the order of truth.csv; texts have line breaks inside of their quotes.
awk -F, 'NR > 1 && !inside { print $3 "," $4 "," $1 "," $2 } { inside = (inside + gsub(/"/, "&")) % 2 }' posts.csv |
    sort >got
sed 1d truth.csv | sort >expected
cmp -s got expected || fail "The store's $(wc -l <got) posts are not the $(wc -l <expected) that the simulator holds"
echo "$(wc -l <got) posts, through errors, broken connections and a kill: all that the simulator holds, none twice"

say "\$ unipile ${command[*]}      # once more: what is new costs one request a profile"
unipile "${command[@]}" 2>again || fail "$(cat again)"
head -3 again
grep -q ' 200 requests' again || fail "It took more than one request a profile"
