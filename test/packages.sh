# Sourced by test/run.sh, benchmarks/run.sh and examples/quickstart.sh: installs what is missing on Debian 12.

# have_packages NAME...: true if all of them are installed.
have_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || return 1
    done
}

# need_packages NAME...: installs them unless all are there; asks for root's rights only then.
need_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is not Debian: please see to these packages, or their like, yourself: $*" >&2
        return 0
    fi
    have_packages "$@" && return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "Run as root, or install sudo: packages are missing of: $*" >&2; return 1; }
        as_root=sudo
    fi
    $as_root apt-get -qq update &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
            --no-install-recommends "$@" >&2
}

# What the library, the simulator and the program are built with.
build_packages="g++ cmake ninja-build libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
 libboost-container1.81-dev libssl-dev zlib1g-dev libsimdjson-dev
 libhowardhinnant-date-dev tzdata libcli11-dev libsqlite3-dev"
# What the tests need beside that.
test_packages="libboost-test1.81-dev clang-19 libclang-rt-19-dev pkg-config ca-certificates openssl curl nginx-light"

# need_npm: what Prism is installed with, where there is Node; without it the test `contract` is skipped.
need_npm() {
    command -v node >/dev/null && ! command -v npm >/dev/null || return 0
    need_packages npm || echo "npm could not be installed; the test contract will be skipped" >&2
}
# What test/coverage.sh needs beside that.
coverage_packages="gcovr"
# What the benchmarks need beside what is built; each peer's own packages are in benchmarks/run.sh.
benchmark_packages="libbenchmark-dev rapidjson-dev pkg-config nginx-light openssl ca-certificates python3"
