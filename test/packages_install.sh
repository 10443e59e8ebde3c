#!/bin/bash
# Makes the Debian packages and the portable tarball, twice, and compares their bytes; then, as root and for each release,
# makes a bare Debian, installs the packages, compiles and runs README.md's first program against the library, runs the
# program, and purges them. On other releases than that of this machine only the tarball is tried.
#   test/packages_install.sh [RELEASE...]      without: the release of this machine
# The packages are left in build/packages. See release.sh for MIRROR, TMPDIR and KEEP. SETTINGS are more arguments for cmake.
set -euo pipefail
cd "$(dirname "$0")/.."
. test/release.sh

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
check_release() {
    local root=$releases/$1
    make_release "$1" "build/packages/$1.log"
    rm -rf "$root/packages"
    mkdir "$root/packages"
    cp build/packages/first/*.deb build/packages/first/*.tar.gz test/packages_inside.sh "$root/packages"
    sed -n '/^#include <unipile\/client.hpp>/,/^```/{/^```/!p}' README.md >"$root/packages/first.cpp"
    inside "$root" bash /packages/packages_inside.sh "$1" "$own"
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

need_releases 4
status=0
for release; do
    began=$SECONDS outcome=passed
    check_release "$release" || { outcome=failed; status=1; }
    echo "== $release: $outcome, $((SECONDS - began)) s"
done
exit $status
