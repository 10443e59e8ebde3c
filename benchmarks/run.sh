#!/usr/bin/env bash
# Installs what is missing, builds, measures and writes benchmarks/results/.
#   bash benchmarks/run.sh [harvest] [latency] [scale] [store] [growth] [postgres] [program] [decode] [-- options of run.py, as --rounds 7]
# Without names: all of them. BUILD_DIR says where to build (build/benchmarks).
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build/benchmarks}
kinds=()
while [[ $# -gt 0 && $1 != -- ]]; do kinds+=("$1"); shift; done
[[ ${1:-} == -- ]] && shift
[[ ${#kinds[@]} -gt 0 ]] || kinds=(harvest latency scale store growth postgres program decode)

. test/packages.sh
# A peer is wanted if its probe (a program or a file) is not there; it is left out if it can't be had.
peers=()
wants() { command -v "$1" >/dev/null || [[ -e $1 ]] || peers+=("$2"); }
wants curl-config libcurl4-openssl-dev
wants go golang-go
wants node nodejs
wants npm npm
wants sqlite3 sqlite3
/usr/bin/python3 -c 'import httpx' 2>/dev/null || python3 -c 'import httpx' 2>/dev/null || peers+=(python3-httpx)

# shellcheck disable=SC2086
need_packages $build_packages $benchmark_packages
for package in "${peers[@]}"; do
    need_packages "$package" || echo "could not install $package" >&2
done

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DUNIPILE_BUILD_BENCHMARKS=ON -DUNIPILE_BUILD_TESTS=OFF \
    -DUNIPILE_BUILD_EXAMPLES=OFF -DCMAKE_CXX_FLAGS= >&2
cmake --build "$build" >&2
mkdir -p "$build/benchmarks/npm" "$build/benchmarks/go"
if command -v go >/dev/null; then
    (cd benchmarks/harvest/peers/go && go build -o "$OLDPWD/$build/benchmarks/go/harvest" .) >&2 || true
fi
if command -v npm >/dev/null && [[ ! -d $build/benchmarks/npm/node_modules/unipile-node-sdk ]]; then
    # undici 7 needs Node 20.18; Debian's Node is older.
    undici=undici@6
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 18) ? 0 : 1)' &&
        undici=undici@7
    npm install --prefix "$build/benchmarks/npm" --no-audit --no-fund "$undici" unipile-node-sdk@1.9.3 >&2 || true
fi
if command -v npm >/dev/null && [[ " ${kinds[*]} " == *" growth "* && ! -d $build/benchmarks/npm/node_modules/@duckdb/node-api ]]; then
    npm install --prefix "$build/benchmarks/npm" --no-audit --no-fund @duckdb/node-api@1.5.6-r.1 >&2 || true
fi

for kind in "${kinds[@]}"; do
    echo "== $kind"
    if [[ $kind == decode ]]; then
        "$build/benchmarks/decode/bench_decode" "$@"
    else
        python3 "benchmarks/$kind/run.py" "$build" "$@"
    fi
done
