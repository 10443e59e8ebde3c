# Sourced by test/run.sh, benchmarks/run.sh and examples/quickstart.sh: installs what a Debian or Ubuntu lacks.
# A package is NAME, or NAME>=VERSION|NAME…: the first of these names that the release has in that version. So the
# release's own Boost and clang are taken where they are new enough.

# choose_packages PACKAGE...: their names in this release; fails if it lacks one, and names it.
choose_packages() {
    local package choice choices name version missing=()
    local -A versions
    while read -r name version; do versions[$name]=$version; done < <(
        printf '%s\n' "$@" | grep -F '|' | tr '|' '\n' | sed 's/>=.*//' | LC_ALL=C xargs -r apt-cache policy |
            awk '/^[^ ]/ { name = $1; sub(/:$/, "", name) } $1 == "Candidate:" && $2 != "(none)" { print name, $2 }')
    for package in "$@"; do
        IFS='|' read -ra choices <<<"$package"
        for choice in "${choices[@]}"; do
            name=${choice%%>=*}
            version=${versions[$name]:-}
            [ "$choice" = "$package" ] || [ -n "$version" ] || continue
            [ "$choice" = "$name" ] || dpkg --compare-versions "$version" ge "${choice#*>=}" || continue
            echo "$name"
            continue 2
        done
        missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] || { echo "This release has no package ${missing[*]}" >&2; return 1; }
}

# have_packages NAME...: true if all of them are installed.
have_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || return 1
    done
}

# need_packages PACKAGE...: installs them unless all are there; asks for root's rights only then.
need_packages() {
    local names as_root=
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is not Debian: please see to these packages, or their like, yourself: $*" >&2
        return 0
    fi
    # shellcheck disable=SC2086
    names=$(choose_packages "$@" 2>/dev/null) && have_packages $names && return 0
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "Run as root, or install sudo: packages are missing of: $*" >&2; return 1; }
        as_root=sudo
    fi
    # shellcheck disable=SC2086
    $as_root apt-get -qq update && names=$(choose_packages "$@") &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
            --no-install-recommends $names >&2
}

# What the library, the simulator and the program are built with.
build_packages="g++ cmake ninja-build libboost-dev>=1.81|libboost1.81-dev libboost-json-dev>=1.81|libboost-json1.81-dev
 libboost-url-dev>=1.81|libboost-url1.81-dev libboost-container-dev>=1.81|libboost-container1.81-dev
 libssl-dev zlib1g-dev libzstd-dev libsimdjson-dev libhowardhinnant-date-dev tzdata libcli11-dev libsqlite3-dev libpq-dev"
# What the tests need beside that.
test_packages="libboost-test-dev>=1.81|libboost-test1.81-dev clang>=1:19|clang-19 libclang-rt-dev>=1:19|libclang-rt-19-dev
 pkg-config ca-certificates openssl curl sqlite3 nginx-light postgresql pgbouncer faketime mandoc zsh fish
 doxygen"

# need_npm: what Prism is installed with, where there is Node; without it the test `contract` is skipped.
need_npm() {
    command -v node >/dev/null && ! command -v npm >/dev/null || return 0
    need_packages npm || echo "npm could not be installed; the test contract will be skipped" >&2
}
# What test/coverage.sh needs beside that.
coverage_packages="gcovr"
# What the benchmarks need beside what is built; each peer's own packages are in benchmarks/run.sh.
benchmark_packages="libbenchmark-dev rapidjson-dev pkg-config nginx-light openssl ca-certificates python3"
