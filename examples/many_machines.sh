#!/bin/bash
# One harvest by three workers on a PostgreSQL database, as three machines would do it: one is killed, one is stopped and
# woken after others have taken its accounts over, and the database's server is killed and started again. In the end the
# store is compared with what the stand-in API holds, and the API's list of requests with the pace of each account; the
# script exits with 1 if a post is lost or twice, or a request too early. Installs what a bare Debian 12 lacks, and builds
# the program. Leaves nothing behind but build/quickstart.
#   examples/many_machines.sh [PROGRAM]      PROGRAM: a `unipile` that is built already, with PostgreSQL
set -euo pipefail
given=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."
. test/packages.sh

program=$given
if [ -z "$program" ]; then
    # shellcheck disable=SC2086
    need_packages postgresql $build_packages
    echo "Building (a few minutes the first time)" >&2
    cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Release -DUNIPILE_BUILD_TESTS=OFF \
        -DUNIPILE_BUILD_EXAMPLES=OFF >&2
    cmake --build build/quickstart --target unipile_program >&2
    program=$PWD/build/quickstart/src/program/unipile
fi
postgres_bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -1)
[ -n "$postgres_bin" ] || { echo "skipped: no PostgreSQL server is installed"; exit 77; }

folder=$(mktemp -d)
declare -A workers=()
simulator=
cleanup() {
    for id in "${workers[@]}" $simulator; do kill -KILL "$id" 2>/dev/null || true; done
    database -m immediate stop 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

# say TEXT: with the time since the start.
say() { printf '%3d s  %s\n' $((SECONDS - began)) "$*"; }
fail() { say "$*" >&2; exit 1; }

# The server refuses to run as root.
mkdir "$folder/database"
as_owner=()
if [ "$(id -u)" = 0 ]; then
    as_owner=(runuser -u postgres --)
    chmod 711 "$folder"
    chown postgres "$folder/database"
fi
owner() { (cd "$folder/database" && "${as_owner[@]}" "$@"); }
# database ARGUMENTS...: pg_ctl on it.
database() {
    owner "$postgres_bin/pg_ctl" -D "$folder/database/data" -l "$folder/database/log" -w \
        -o "-k $folder/database -c listen_addresses=''" "$@" >/dev/null
}
store="postgresql://harvest@/postgres?host=$folder/database"

# start NAME COMMAND...: a worker, in the background.
start() {
    local name=$1
    shift
    "$program" "$@" --store "$store" --answer-timeout 5s --ca-file ca.pem </dev/null 2>"$name.log" &
    workers[$name]=$!
}
status() { "$program" status --store "$store" --json 2>/dev/null || true; }
# number KEY: of the store's jobs.
number() {
    local found
    found=$(status | sed -n "s/^{\"jobs\":{[^}]*\"$1\":\([0-9]*\).*/\1/p")
    echo "${found:-0}"
}
# accounts NAME: how many are this worker's.
accounts() {
    local found
    found=$(status | sed -n "s/.*process ${workers[$1]}\",[^}]*\"accounts\":\([0-9]*\).*/\1/p")
    echo "${found:-0}"
}
# await WHAT COMMAND...: until the command succeeds.
await() {
    local what=$1 until=$((SECONDS + 60))
    shift
    until "$@"; do
        kill -0 "${workers[machine1]}" 2>/dev/null || fail "Ended before $what: $(tail -n 3 machine1.log)"
        [ $SECONDS -lt $until ] || fail "Not within a minute: $what. $(tail -n 3 machine?.log)"
        sleep 0.2
    done
}
at_least() { [ "$("${@:2}")" -ge "$1" ]; }
share_accounts() { for name in "$@"; do at_least 1 accounts "$name" || return 1; done; }

began=$SECONDS
owner "$postgres_bin/initdb" -D "$folder/database/data" -U harvest -A trust --no-sync >/dev/null
database start
cd "$folder"
exec 3< <(exec "$program" simulate --tls --ca-file ca.pem --accounts 12 --identifiers 180 --posts 0-200 --latency 60 \
    --write-jobs jobs.csv --write-truth truth.csv --write-requests requests.csv)
simulator=$!
read -r ready <&3
UNIPILE_DSN=$(cut -d' ' -f3 <<<"$ready")
export UNIPILE_DSN UNIPILE_API_KEY=simulated-key
say "A PostgreSQL server, and a stand-in API with 180 profiles of 12 accounts; at most 5 requests in 4 s for each account"

say 'machine1$ unipile harvest jobs.csv --store postgresql://… --pace 5/4s --take-over-after 9s'
start machine1 harvest jobs.csv --pace 5/4s --take-over-after 9s
await "the first job" at_least 1 number "done"
say 'machine2$ unipile work --store postgresql://…      # machine3 does the same'
start machine2 work
start machine3 work
await "a share for each" share_accounts machine1 machine2 machine3
say "They divide the accounts: $(for n in 1 2 3; do echo "machine$n has $(accounts machine$n),"; done | xargs) $(number "done") jobs are done"

kill -KILL "${workers[machine2]}"
{ wait "${workers[machine2]}" || true; } 2>/dev/null
kill -STOP "${workers[machine3]}"
database -m immediate stop
say "machine2 is killed, machine3 is stopped, and so is the database's server, without any order"
sleep 3
database start
say "The server is back; machine1 goes on by itself, $(number queued) jobs are left"
await "all accounts at machine1" at_least 12 accounts machine1
say "machine1 has taken over all 12 accounts, after 9 s without a heartbeat of the others; $(number queued) jobs are left"
kill -CONT "${workers[machine3]}"
await "a new share for machine3" share_accounts machine3
say "machine3 is woken: it finds its accounts gone, sends nothing for them, and has $(accounts machine3) anew"

code=0
for name in machine1 machine3; do wait "${workers[$name]}" || code=$?; done
workers=()
[ $code = 0 ] || fail "A worker ended with $code: $(tail -n 5 machine1.log machine3.log)"
say "machine1: $(grep '^all' machine1.log)"
"$program" export --store "$store" --format csv >posts.csv
kill "$simulator"
wait "$simulator" || true
simulator=

# The first four columns of each record, in the order of truth.csv; texts have line breaks inside of their quotes.
awk -F, 'NR > 1 && !inside { print $3 "," $4 "," $1 "," $2 } { inside = (inside + gsub(/"/, "&")) % 2 }' posts.csv |
    sort >got
sed 1d truth.csv | sort >expected
twice=$(uniq -d got | wc -l)
lost=$(comm -13 got expected | wc -l)
unexpected=$(comm -23 got expected | wc -l)
# The clocks of worker and API differ by up to half of a round trip.
early=$(sed 1d requests.csv | sort -t, -k2,2 -k1,1n | awk -F, '
    $2 != account { account = $2; n = 0 }
    { time[n++] = $1; if (n > 5 && $1 - time[n - 6] < 3950) early++ } END { print early + 0 }')
say "$(wc -l <got) posts: $lost lost, $unexpected unexpected, $twice twice; $(sed 1d requests.csv | wc -l) requests, $early too early"
[ "$lost$unexpected$twice$early" = 0000 ]
