#!/bin/bash
# recipes.sh UNIPILE FOLDER: runs what recipes.md shows with a harvest of the simulator, and compares what comes out. DuckDB
# is installed from npm in FOLDER where it isn't there. Names the recipes whose tool is not there.
set -euo pipefail
unipile=$(realpath "$1")
duckdb=$2
page=$(dirname "$(realpath "$0")")/recipes.md
folder=$(mktemp -d)
simulator=
postgres_bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 2>/dev/null | sort -V | tail -1)
owner=()
cleanup() {
    [ -z "$simulator" ] || kill "$simulator" 2>/dev/null || true
    [ ! -d "$folder/database/data" ] || (cd / && "${owner[@]}" "$postgres_bin/pg_ctl" -D "$folder/database/data" -m immediate stop) >/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT
fail() { echo "$*" >&2; exit 1; }

mkdir "$folder/bin"
ln -s "$unipile" "$folder/bin/unipile"
export PATH=$folder/bin:$PATH
cd "$folder"
exec 3< <(exec unipile simulate --tls --posts 50 --identifiers 4 --company-share 0 --instagram-share 0 --ca-file ca.pem \
    --write-jobs jobs.csv)
simulator=$!
read -r _ _ url _ <&3
export UNIPILE_DSN=$url UNIPILE_API_KEY=simulated-key UNIPILE_CA_FILE=$folder/ca.pem
unipile harvest jobs.csv --store posts.db --pace none --quiet
posts=$(unipile export --store posts.db --format ndjson | wc -l)
[ "$posts" = 200 ] || fail "$posts posts were harvested"

# block HEADING LANGUAGE: that block of the page.
block() {
    awk -v heading="## $1" -v fence="\`\`\`$2" '/^## /{here = $0 == heading} here && $0 == "```"{inside = 0}
        here && inside{print} here && $0 == fence{inside = 1}' "$page" | grep . || fail "the page has no $2 in $1"
}
# compare FILE LINES: how many it has.
compare() { [ "$(wc -l <"$1")" = "$2" ] || { cat "$1"; fail "$1 has not $2 lines"; }; }

bash -euc "$(block "What is new, into a warehouse" sh)"
compare new.ndjson 200
bash -euc "$(block "What is new, into a warehouse" sh)"
compare new.ndjson 0

if command -v sqlite3 >/dev/null; then
    bash -euc "$(block "Reactions by author, with sqlite3" sh)"
    [ "$(awk -F, 'NR > 1{n += $(NF - 1)} END{print n}' authors.csv)" = 200 ] || fail "authors.csv has not all posts"
else
    echo "not run: sqlite3"
fi

if [ -n "$postgres_bin" ] && unipile harvest --help | grep -q postgresql; then
    mkdir database
    if [ "$(id -u)" = 0 ]; then  # the server refuses to run as root
        owner=(runuser -u postgres --)
        chmod 711 .
        chown postgres database
    fi
    (cd database && "${owner[@]}" "$postgres_bin/initdb" -D "$folder/database/data" -U harvest -A trust --no-sync >/dev/null
        "${owner[@]}" "$postgres_bin/pg_ctl" -D "$folder/database/data" -l "$folder/database/log" -w \
            -o "-k $folder/database -c listen_addresses=''" start >/dev/null)
    export STORE_URL="postgresql://harvest@/postgres?host=$folder/database"
    unipile harvest jobs.csv --store "$STORE_URL" --pace none --quiet
    bash -euc "$(block "Posts a week, with psql" sh)"
    [ "$(awk -F, 'NR > 1{n += $2} END{print n}' weeks.csv)" = 200 ] || fail "weeks.csv has not all posts"
else
    echo "not run: psql"
fi

python=$(for p in python3 /usr/bin/python3; do ! "$p" -c "import pandas" || { echo "$p"; break; }; done 2>/dev/null)
if [ -n "$python" ]; then
    "$python" -c "$(block pandas python)"
    [ "$(head -n 1 by_author.csv)" = author_name,reaction_counter ] || fail "by_author.csv has other columns"
    [ "$(wc -l <by_author.csv)" -gt 4 ] || fail "by_author.csv lacks authors"
else
    echo "not run: pandas"
fi

bash -euc "$(block "Parquet, with DuckDB" sh)"
if command -v npm >/dev/null && [ ! -d "$duckdb/node_modules/@duckdb/node-api" ]; then
    npm install --prefix "$duckdb" --cache "$duckdb/cache" --no-save --no-audit --no-fund --ignore-scripts \
        @duckdb/node-api@1.5.6-r.1 >/dev/null 2>&1 || true
fi
export NODE_PATH=$duckdb/node_modules
if node -e 'require("@duckdb/node-api")' 2>/dev/null; then
    said=$(node -e "$(block "Parquet, with DuckDB" js)")
    [ "$said" = 200 ] || fail "DuckDB has $said posts"
else
    [ "$(zcat posts.csv.gz | head -n 1 | tr -d '\r')" = provider,id,published_at,identifier,author,text,reactions ] ||
        fail "posts.csv.gz has other columns"
    echo "not run: DuckDB"
fi
