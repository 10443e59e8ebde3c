#!/bin/bash
# From a clean clone to posts on the screen: installs what a bare Debian 12 lacks, builds the program, serves a stand-in
# API over TLS, and streams listings from it with the certificate verified. Leaves nothing behind but build/quickstart.
set -eu
cd "$(dirname "$0")/.."
. test/packages.sh

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }
[ -t 2 ] || say() { printf '\n== %s\n' "$*" >&2; }

# shellcheck disable=SC2086
need_packages $build_packages
say "Building (a few minutes the first time)"
cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Release -DUNIPILE_BUILD_TESTS=OFF \
    -DUNIPILE_BUILD_EXAMPLES=OFF >&2
cmake --build build/quickstart --target unipile_program >&2
unipile=$PWD/build/quickstart/src/program/unipile

folder=$(mktemp -d)
simulator=
cleanup() {
    [ -z "$simulator" ] || kill "$simulator" 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

say "unipile simulate --tls --posts 1000 --fault 503:every=4,burst=1 --fault reset:page=2,at=50%"
exec 3< <(exec "$unipile" simulate --tls --posts 1000 --identifiers 4 --company-share 0 --ca-file "$folder/ca.pem" \
    --write-jobs "$folder/jobs.csv" --write-truth "$folder/truth.csv" --fault 503:every=4,burst=1 \
    --fault reset:page=2,at=50%)
simulator=$!
read -r ready <&3
echo "$ready" >&2
export UNIPILE_DSN=${ready#listening on }
UNIPILE_DSN=${UNIPILE_DSN%% *}
export UNIPILE_API_KEY=simulated-key

mapfile -t identifiers < <(sed -n '2,$s/^[^,]*,\([^,]*\),.*/\1/p' "$folder/jobs.csv")

say "unipile posts ${identifiers[0]} --account acc1 --ca-file ca.pem | head -3"
"$unipile" posts "${identifiers[0]}" --account acc1 --ca-file "$folder/ca.pem" | head -3 | cut -c1-160 | sed 's/$/…/'

say "unipile posts ${identifiers[*]} --account acc1 --ca-file ca.pem > posts.ndjson"
"$unipile" posts "${identifiers[@]}" --account acc1 --ca-file "$folder/ca.pem" >"$folder/posts.ndjson"

sed -n 's/^{"object":"Post","provider":"LINKEDIN","id":"\([0-9]*\)".*/\1/p' "$folder/posts.ndjson" | sort >"$folder/got"
sed -n '2,$p' "$folder/truth.csv" | cut -d, -f4 | sort >"$folder/expected"
lines=$(wc -l <"$folder/posts.ndjson")
if cmp -s "$folder/got" "$folder/expected"; then
    say "$lines posts, through broken connections and errors: each one that the simulator holds, and none twice"
else
    say "$lines posts, which are not those that the simulator holds"
    exit 1
fi
