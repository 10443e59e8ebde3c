#!/bin/sh
# with_prism.sh NPM FOLDER CONTRACT TEST: runs TEST with PRISM and CONTRACT in its environment, after installing Prism to
# FOLDER where it isn't there. 77: there is no npm, or it can't install.
npm=$1 folder=$2 contract=$3 test=$4
if [ ! -x "$npm" ] || ! command -v node >/dev/null; then
    echo "skipped: there is no npm"
    exit 77
fi
prism=$folder/node_modules/.bin/prism
if [ ! -x "$prism" ]; then
    mkdir -p "$folder"
    if ! "$npm" install --prefix "$folder" --cache "$folder/cache" --no-save --no-audit --no-fund --ignore-scripts \
        @stoplight/prism-cli@5.14 >"$folder/install.log" 2>&1; then
        cat "$folder/install.log"
        echo "skipped: npm could not install Prism"
        exit 77
    fi
fi
PRISM=$prism CONTRACT=$contract exec "$test"
