#!/bin/bash
# Makes the Debian packages and the portable tarball, twice, and compares their bytes; then, as root and for each release,
# makes a bare Debian, installs the packages, compiles and runs README.md's first program against the library, runs the
# program, and purges them. On other releases than that of this machine only the tarball is tried.
#   test/packages_install.sh [RELEASE...]      without: the release of this machine
# The packages are left in build/packages. MIRROR is the mirror to install from, TMPDIR where to work. KEEP, a folder, keeps
# the bare releases there for the next time. SETTINGS are more arguments for cmake.
set -euo pipefail
cd "$(dirname "$0")/.."
skip() { echo "skipped: $*" >&2; exit 77; }

# pack PRESET: its packages in build/packages, made twice.
pack() {
    # shellcheck disable=SC2086
    cmake --preset "$1" ${SETTINGS:-} >"build/packages/$1.log"
    cmake --build --preset "$1" -j "$(nproc)" >>"build/packages/$1.log"
    for again in first second; do
        rm -rf "build/$1/_CPack_Packages"
        cpack --preset "$1" -B "$PWD/build/packages/$again" >>"build/packages/$1.log"
    done
}
# check_release RELEASE: as root, in a namespace of its own.
check_release() {
    local release=$1 root=${KEEP:-$work}/$1 inside
    [ -d "$root/usr" ] || debootstrap --variant=minbase "$release" "$root" ${MIRROR:+"$MIRROR"} >"build/packages/$release.log" 2>&1 ||
        { tail -n 3 "build/packages/$release.log"; return 77; }
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    echo "127.0.0.1 localhost" >"$root/etc/hosts"
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90packages"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/90packages"
    rm -rf "$root/packages"
    mkdir "$root/packages"
    cp build/packages/first/*.deb build/packages/first/*.tar.gz test/packages_inside.sh "$root/packages"
    sed -n '/^#include <unipile\/client.hpp>/,/^```/{/^```/!p}' README.md >"$root/packages/first.cpp"
    inside=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"}
        chroot "$root" bash /packages/packages_inside.sh "$release" "$own")
    unshare --mount --pid --fork --kill-child bash -c 'mount -t proc proc "$1/proc"; mount --bind /dev "$1/dev"; shift; "$@"' - \
        "$root" "${inside[@]}"
}

. test/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages lintian dpkg-dev file || exit 1
own=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
[ $# -gt 0 ] || set -- "$own"
rm -rf build/packages
mkdir -p build/packages
pack deb
pack portable
(cd build/packages/first && sha256sum ./*.deb ./*.tar.gz) | (cd build/packages/second && sha256sum --check --quiet) ||
    { echo "the same sources gave other bytes"; exit 1; }
lintian --fail-on error,warning --allow-root build/packages/first/*.deb
echo "made twice with the same bytes, and clean for lintian: $(cd build/packages/first && ls ./*.deb ./*.tar.gz | tr '\n' ' ')"

[ "$(id -u)" = 0 ] || skip "only root can make a release"
command -v debootstrap >/dev/null || skip "debootstrap is missing"
unshare --mount true 2>/dev/null || skip "mounting is not allowed"
work=$(mktemp -d "${TMPDIR:-/var/tmp}/packages.XXXXXX")
chmod 755 "$work"  # apt reads there as a user of its own
trap 'rm -rf --one-file-system "$work"' EXIT
status=0
for release; do
    began=$SECONDS outcome=passed
    check_release "$release" || { outcome=failed; status=1; }
    echo "== $release: $outcome, $((SECONDS - began)) s"
done
exit $status
