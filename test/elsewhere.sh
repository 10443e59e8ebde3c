#!/bin/bash
# Builds and tests on another release of Debian: makes it with debootstrap, copies the files that git knows into it, runs
# examples/quickstart.sh and test/run.sh there, as on a bare machine, and removes it.
#   test/elsewhere.sh bookworm|trixie|sid [PRESET...]      without presets: gcc-release
# Needs root, 8 GB and half an hour or more; see release.sh for MIRROR, TMPDIR and KEEP. The output is kept in
# build/elsewhere/RELEASE.log. Ends with 77, and says why, where no such release can be made.
set -euo pipefail
cd "$(dirname "$0")/.."
. test/release.sh
release=${1:?bookworm, trixie or sid}
shift
[ $# -gt 0 ] || set -- gcc-release

need_releases 8
mkdir -p build/elsewhere
echo "== $release: debootstrap"
make_release "$release" "build/elsewhere/$release.log"
root=$releases/$release
copy_project "$root"

there() { inside "$root" bash -c 'cd /project && "$@"' - "$@"; }
run_both() {
    local status=0 command began outcome
    for command in examples/quickstart.sh "test/run.sh $*"; do
        echo "== $command"
        began=$SECONDS outcome=passed
        # shellcheck disable=SC2086
        there bash $command || { outcome=failed; status=1; }
        echo "== $command: $outcome, $((SECONDS - began)) s"
    done
    there sh -c 'g++ --version | head -n 1; cmake --version | head -n 1
        dpkg-query -W -f "\${Package} \${Version}\n" clang "libboost*-dev" libssl-dev libsimdjson-dev libcli11-dev' 2>/dev/null || true
    return $status
}
run_both "$@" 2>&1 | tee -a "build/elsewhere/$release.log"
