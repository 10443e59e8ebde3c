#!/usr/bin/env bash
# Installs what is missing, builds, measures and writes benchmarks/results/.
#   bash benchmarks/run.sh [harvest] [latency] [scale] [decode] [-- options of run.py, such as --rounds 7]
# Without names: all of them. BUILD_DIR says where to build (build/benchmarks).
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")/.."
build=${BUILD_DIR:-build/benchmarks}
kinds=()
while [[ $# -gt 0 && $1 != -- ]]; do kinds+=("$1"); shift; done
[[ ${1:-} == -- ]] && shift
[[ ${#kinds[@]} -gt 0 ]] || kinds=(harvest latency scale decode)

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

# A package is wanted if its probe (a program or a file) is not there.
missing=()
wants() { command -v "$1" >/dev/null || [[ -e $1 || -e /usr/sbin/$1 ]] || missing+=("$2"); }
wants cmake cmake
wants ninja ninja-build
wants g++ g++
wants pkg-config pkg-config
wants openssl openssl
wants nginx nginx-light
wants python3 python3
wants /usr/include/boost/version.hpp "libboost-json1.81-dev libboost-url1.81-dev libboost-container1.81-dev"
wants /usr/include/openssl/ssl.h libssl-dev
wants /usr/include/zlib.h zlib1g-dev
wants /usr/include/simdjson.h libsimdjson-dev
wants curl-config libcurl4-openssl-dev
wants /usr/include/benchmark/benchmark.h libbenchmark-dev
wants /usr/include/rapidjson/rapidjson.h rapidjson-dev
wants go golang-go
wants node nodejs
wants npm npm
/usr/bin/python3 -c 'import httpx' 2>/dev/null || python3 -c 'import httpx' 2>/dev/null || missing+=(python3-httpx)
if [[ ${#missing[@]} -gt 0 ]]; then
    echo "installing ${missing[*]}" >&2
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -q >&2 || true
    for packages in "${missing[@]}"; do
        # shellcheck disable=SC2086
        as_root apt-get install -qy --no-install-recommends $packages >&2 || echo "could not install $packages" >&2
    done
fi

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DUNIPILE_BUILD_BENCHMARKS=ON -DUNIPILE_BUILD_TESTS=OFF \
    -DUNIPILE_BUILD_EXAMPLES=OFF -DUNIPILE_BUILD_PROGRAM=OFF -DCMAKE_CXX_FLAGS= >&2
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

for kind in "${kinds[@]}"; do
    echo "== $kind"
    if [[ $kind == decode ]]; then
        "$build/benchmarks/decode/bench_decode" "$@"
    else
        python3 "benchmarks/$kind/run.py" "$build" "$@"
    fi
done
