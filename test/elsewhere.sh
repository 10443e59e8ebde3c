#!/bin/bash
# Builds and tests on another release of Debian: makes it with debootstrap, copies the files that git knows into it, runs
# examples/quickstart.sh and test/run.sh there, as on a bare machine, and removes it.
#   test/elsewhere.sh bookworm|trixie|sid [PRESET...]      without presets: gcc-release
# Needs root, 8 GB and half an hour or more. MIRROR is the mirror to install from, TMPDIR where to work. The output is
# kept in build/elsewhere/RELEASE.log. Ends with 77, and says why, where no such release can be made.
set -euo pipefail
cd "$(dirname "$0")/.."
skip() { echo "skipped: $*" >&2; exit 77; }

if [ "${1:-}" != --inside ]; then
    release=${1:?bookworm, trixie or sid}
    [ "$(id -u)" = 0 ] || skip "only root can make a release"
    command -v debootstrap >/dev/null || skip "debootstrap is missing"
    unshare --mount true 2>/dev/null || skip "mounting is not allowed"
    root=$(mktemp -d "${TMPDIR:-/var/tmp}/elsewhere.XXXXXX")
    chmod 755 "$root"  # apt reads there as a user of its own
    trap 'rm -rf --one-file-system "$root"' EXIT
    [ "$(df --output=avail -B1G "$root" | tail -n 1)" -ge 8 ] || skip "less than 8 GB are free in ${root%/*}"
    mkdir -p build/elsewhere
    echo "== $release: debootstrap"
    # shellcheck disable=SC2086
    debootstrap --variant=minbase "$release" "$root" ${MIRROR:-} >"build/elsewhere/$release.log" 2>&1 ||
        { tail -n 5 "build/elsewhere/$release.log"; skip "debootstrap could not make $release"; }
    # What is mounted, and every process, ends with the command.
    status=0
    unshare --mount --pid --fork --kill-child "$0" --inside "$root" "${@:2}" 2>&1 |
        tee -a "build/elsewhere/$release.log" || status=$?
    exit "$status"
fi

# The first process of a namespace gets only the signals that it handles.
trap 'exit 130' INT TERM
root=$2
shift 2
[ $# -gt 0 ] || set -- gcc-release
mkdir "$root/project"
git ls-files -z | tar --null -T - -c | tar -x -C "$root/project"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
echo "127.0.0.1 localhost" >"$root/etc/hosts"
# A mirror may be older than what it says of itself, and this system is gone in an hour: nothing needs to reach the disk.
echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90elsewhere"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/90elsewhere"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --bind /dev "$root/dev"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx"
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} chroot "$root" bash -c 'cd /project && "$@"' - "$@"
}
status=0
for command in examples/quickstart.sh "test/run.sh $*"; do
    echo "== $command"
    began=$SECONDS
    outcome=passed
    # shellcheck disable=SC2086
    inside bash $command || { outcome=failed; status=1; }
    echo "== $command: $outcome, $((SECONDS - began)) s"
done
inside sh -c 'g++ --version | head -n 1; cmake --version | head -n 1
    dpkg-query -W -f "\${Package} \${Version}\n" clang "libboost*-dev" libssl-dev libsimdjson-dev libcli11-dev' 2>/dev/null || true
exit "$status"
