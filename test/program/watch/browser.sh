#!/bin/bash
# Drives the page of a harvest in headless Chromium: browser.sh PROGRAM [FOLDER for screenshots]. Skipped without it.
set -eu
here=$(dirname "$(realpath "$0")")
for tool in chromium chromedriver node; do
    command -v $tool >/dev/null || { echo "skipped: there is no $tool"; exit 77; }
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' || { echo "skipped: node is older than 18"; exit 77; }
. "$here/shown_harvest.sh"

node "$here/browser.mjs" "$(command -v chromedriver)" "$address" "$token" "${2:-$folder}"
wait $harvest || { cat harvest.log; exit 1; }
grep -q 'all 30 jobs are done' harvest.log
