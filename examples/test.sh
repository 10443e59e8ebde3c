#!/bin/bash
# test.sh UNIPILE EXAMPLE NUMBER: runs an example against the simulator, over TLS, and looks at what comes out.
set -eu
unipile=$1 example=$2 number=$3
folder=$(mktemp -d)
simulator=
trap '[ -z "$simulator" ] || kill "$simulator"; rm -rf "$folder"' EXIT

fault=() world=(--posts 250 --identifiers 1)
[ "$number" != 4 ] || fault=(--fault 503:page=2,burst=1)
[ "$number" != 7 ] || world=(--posts 120 --identifiers 8 --accounts 3)
[ "$number" != 8 ] || world=(--posts 120 --identifiers 4 --accounts 2)
exec 3< <(exec "$unipile" simulate --tls "${world[@]}" --company-share 0 --ca-file "$folder/ca.pem" \
    --write-jobs "$folder/jobs.csv" "${fault[@]}")
simulator=$!
read -r _ _ url _ <&3
account=$(sed -n '2s/,.*//p' "$folder/jobs.csv")
identifier=$(sed -n '2s/^[^,]*,\([^,]*\),.*/\1/p' "$folder/jobs.csv")
export UNIPILE_DSN=$url UNIPILE_API_KEY=simulated-key UNIPILE_CA_FILE=$folder/ca.pem

run() { "$example" "$account" "$identifier" "$@" >"$folder/out" 2>"$folder/err" || { cat "$folder/err"; exit 1; }; }
expect() { grep -qE -- "$1" "$folder/$2" || { echo "no '$1' in:"; head -c 3000 "$folder/$2"; exit 1; }; }
expect_lines() { [ "$(grep -cE -- "$1" "$2")" = "$3" ] || { echo "not $3 lines with '$1' in:"; head -c 3000 "$2"; exit 1; }; }

case $number in
1)
    run
    expect_lines '^\{.*\}$' "$folder/out" 250
    expect '^null_cursor$' err
    ;;
2)
    run
    expect_lines '^LINKEDIN [0-9]+$' "$folder/out" 20
    expect '^  [0-9]+ reactions' out
    expect '^    (picture|video|file|sound|another post|moving picture|meeting).*can be fetched' out
    ;;
3)
    run
    expect '^250 posts with callbacks, 250 with futures$' out
    ;;
4)
    run
    expect '^page 1, attempt 2$' out
    expect '^  status 503$' out
    expect '; again in [0-9]+ ms$' out
    expect '^end: null_cursor after 250 posts and 4 requests$' out
    ;;
5)
    run "$folder/posts"
    expect '^130 posts, max_posts$' out
    run "$folder/posts"
    expect '^120 posts, null_cursor$' out
    run "$folder/posts"
    expect '^0 posts, null_cursor$' out
    [ "$(sort -u "$folder/posts.json" | wc -l)" = 250 ]
    expect_lines '^\{.*\}$' "$folder/posts.json" 250
    ;;
6)
    run
    expect '^250 and 250 posts over [12] connections, and the clock ticked$' out
    ;;
7)
    harvest() { "$example" "$folder/jobs.csv" "$folder/journal" "1000/day, gap 1ms" >"$folder/out" 2>"$folder/err"; }
    harvest || { cat "$folder/err"; exit 1; }
    expect_lines ': 120 posts, null_cursor$' "$folder/out" 8
    expect '^8 jobs of 3 accounts: 960 posts, 16 requests$' out
    harvest
    expect_lines ': 0 posts, null_cursor$' "$folder/out" 8
    expect '^8 jobs of 0 accounts: 0 posts, 0 requests$' out
    head -n 9 "$folder/journal" >"$folder/some" # as if it had been interrupted there
    mv "$folder/some" "$folder/journal"
    harvest
    expect_lines ', null_cursor$' "$folder/out" 8
    expect '^8 jobs of [1-3] accounts: [1-9][0-9]{1,2} posts, [0-9]+ requests$' out
    ;;
8)
    harvest() { "$example" "$folder/jobs.csv" "$folder/posts.db" "1000/day, gap 1ms" >"$folder/out" 2>"$folder/err" || { cat "$folder/err"; exit 1; }; }
    harvest
    expect '^4 jobs done, 0 failed, 0 left: 480 posts, 480 of them new, 8 requests$' out
    harvest
    expect '^4 jobs done, 0 failed, 0 left: [0-9]+ posts, 0 of them new, 4 requests$' out
    "$unipile" export --store "$folder/posts.db" --format ndjson >"$folder/posts.ndjson"
    expect_lines '^\{.*\}$' "$folder/posts.ndjson" 480
    ;;
9)
    run
    expect_lines '^100 items, 100 posts, page_count .*, end: none$' "$folder/out" 2
    position=$(sed -n 's/^go on at //p' "$folder/out")
    run "$position"
    expect_lines '^50 items, 50 posts, page_count .*, end: null_cursor$' "$folder/out" 1
    expect_lines '^go on at ' "$folder/out" 0
    ;;
10)
    run
    expect_lines '^\{.*\}$' "$folder/out" 250
    expect '^null_cursor after 3 requests$' err
    ;;
11)
    run
    expect '^[0-9]{2} pages in [2-4] days, passed$' out
    ;;
12)
    run
    expect '^250 posts, null_cursor$' out
    ;;
13)
    run
    expect '^250 posts with Cobalt$' out
    ;;
esac
