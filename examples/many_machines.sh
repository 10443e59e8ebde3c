#!/bin/bash
# One harvest by three workers on a PostgreSQL database, as three machines would do it: one is killed, one is stopped for
# minutes and woken, and the database's server is killed and started again. In the end the store is compared with what
# the stand-in API holds. Installs what a bare Debian 12 lacks, and builds the program. Takes about four minutes. Leaves
# nothing behind but build/quickstart.
#   examples/many_machines.sh [PROGRAM]      PROGRAM: a `unipile` that is built already, with PostgreSQL
set -euo pipefail
given=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."
. test/packages.sh

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
[ -t 2 ] || say() { printf '\n== %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

program=$given
need_packages postgresql
if [ -z "$program" ]; then
    # shellcheck disable=SC2086
    need_packages $build_packages
    say "Building (a few minutes the first time)"
    cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Release -DUNIPILE_BUILD_TESTS=OFF \
        -DUNIPILE_BUILD_EXAMPLES=OFF >&2
    cmake --build build/quickstart --target unipile_program >&2
    program=$PWD/build/quickstart/src/program/unipile
fi

folder=$(mktemp -d)
declare -A workers=()
simulator=
cleanup() {
    for id in "${workers[@]}" $simulator; do kill -KILL "$id" 2>/dev/null || true; done
    database -m immediate stop 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

# A server of its own. It refuses to run as root.
postgres_bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 | sort -V | tail -1)
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
owner "$postgres_bin/initdb" -D "$folder/database/data" -U harvest -A trust --no-sync >/dev/null
database start
cd "$folder"
store="postgresql://harvest@/postgres?host=$folder/database"

unipile() { "$program" "$@"; }
# worker NAME COMMAND...: starts it in the background.
worker() {
    local name=$1
    shift
    say "$name\$ unipile $* &"
    "$program" "$@" </dev/null 2>"$name.log" &
    workers[$name]=$!
}
# number KEY: a figure of the store's jobs.
number() {
    local line
    line=$(unipile status --store "$store" --json 2>/dev/null) || true
    line=$(sed -n "s/^{\"jobs\":{[^}]*\"$1\":\([0-9]*\).*/\1/p" <<<"$line")
    echo "${line:-0}"
}
# until_done N: waits until so many jobs are done.
until_done() {
    local deadline=$((SECONDS + 60))
    until [ "$(number "done")" -ge "$1" ]; do
        [ $SECONDS -lt $deadline ] || fail "No progress: $(unipile status --store "$store")"
        sleep 0.2
    done
}

# It refuses what an account sends above 6 requests in 3 seconds.
exec 3< <(exec "$program" simulate --tls --ca-file ca.pem --accounts 12 --identifiers 480 --posts 0-300 \
    --latency 60 --account-limit 6/3 --write-jobs jobs.csv --write-truth truth.csv)
simulator=$!
read -r ready <&3
UNIPILE_DSN=$(cut -d' ' -f3 <<<"$ready")
export UNIPILE_DSN UNIPILE_API_KEY=simulated-key
say "A PostgreSQL server, and a stand-in API with 480 profiles of 12 accounts"

options=(--store "$store" --pace 5/4s --answer-timeout 10s --ca-file ca.pem)
worker machine1 harvest jobs.csv "${options[@]}"
until_done 1
worker machine2 work "${options[@]}"
worker machine3 work "${options[@]}"
until [ "$(unipile status --store "$store" | grep -c '^  .*: [1-9][0-9]* accounts*, since')" = 3 ]; do
    kill -0 "${workers[machine1]}" 2>/dev/null || fail "It was done before all had accounts: $(cat machine1.log)"
    sleep 0.2
done
say "\$ unipile status      # each account is one worker's"
unipile status --store "$store" || true

say "\$ kill -KILL machine2; kill -STOP machine3      # both at work"
kill -KILL "${workers[machine2]}"
kill -STOP "${workers[machine3]}"
{ wait "${workers[machine2]}" || true; } 2>/dev/null
say "The database's server is killed and started again; nobody has to do anything about it"
database -m immediate stop
sleep 3
database start

say "machine1 works on, and takes the others' accounts after 90 s without a sign of life of them"
while [ "$(unipile status --store "$store" | sed -n 's/^workers: //p')" != 1 ]; do
    kill -0 "${workers[machine1]}" 2>/dev/null || break
    sleep 1
done
unipile status --store "$store" || true
say "\$ kill -CONT machine3      # it finds its accounts gone, sends nothing for them, and joins anew"
kill -CONT "${workers[machine3]}"

code=0
wait "${workers[machine1]}" || code=$?
{ wait "${workers[machine3]}" || true; } 2>/dev/null
unset 'workers[machine1]' 'workers[machine2]' 'workers[machine3]'
for name in machine1 machine3; do
    say "$name, at its end"
    grep -E '^(all|not complete|there was|posts|traffic)|unipile: (no harvest|joined)' "$name.log" || cat "$name.log"
done
[ "$code" = 0 ] || fail "The harvest ended with $code: $(cat machine1.log)"

say "\$ unipile export --store ... --format csv > posts.csv      # and compare it with the simulator's truth.csv"
unipile export --store "$store" --format csv >posts.csv
awk -F, 'NR > 1 && !inside { print $3 "," $4 "," $1 "," $2 } { inside = (inside + gsub(/"/, "&")) % 2 }' posts.csv |
    sort >got
sed 1d truth.csv | sort >expected
cmp -s got expected || fail "The store's $(wc -l <got) posts are not the $(wc -l <expected) that the simulator holds"
grep -q throttl machine1.log machine3.log && fail "An account was throttled"
echo "$(wc -l <got) posts by three workers: all that the simulator holds, none twice, no account above its pace"
