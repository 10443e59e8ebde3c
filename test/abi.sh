#!/bin/bash
# Compares the ABI of the shared libraries with that of the last tag. Fails if it is not compatible although the minor
# version is the same. Ends with 77, and says why, where it can't be compared.
set -euo pipefail
cd "$(dirname "$0")/.."
skip() { echo "skipped: $*" >&2; exit 77; }
command -v abidiff >/dev/null || skip "there is no abidiff (abigail-tools)"
tag=$(git describe --tags --abbrev=0 2>/dev/null) || skip "there is no tag"
work=$(mktemp -d)
trap 'rm -rf "$work"; git worktree prune' EXIT
git worktree add --quiet --detach "$work/before" "$tag"
minor() { sed -n 's/#define UNIPILE_VERSION_\(MAJOR\|MINOR\) //p' "$1/include/unipile/version.hpp" 2>/dev/null; }
# shared SOURCE NAME: its shared libraries with debugging information, installed to $work/NAME.
shared() {
    # shellcheck disable=SC2086
    cmake -S "$1" -B "$work/build-$2" -G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1" -DBUILD_SHARED_LIBS=ON \
        -DUNIPILE_BUILD_PROGRAM=OFF -DUNIPILE_BUILD_TESTS=OFF -DUNIPILE_BUILD_EXAMPLES=OFF \
        -DCMAKE_INSTALL_LIBDIR=lib ${SETTINGS:-} >"$work/log" 2>&1 &&
        cmake --build "$work/build-$2" -j "$(nproc)" >"$work/log" 2>&1 &&
        cmake --install "$work/build-$2" --prefix "$work/$2" >"$work/log" || { tail -n 20 "$work/log"; exit 1; }
}
shared "$work/before" old
shared . new
status=0
for library in "$work"/new/lib/libunipile*.so; do
    before=$work/old/lib/${library##*/}
    [ -e "$before" ] || continue
    abidiff --no-added-syms --headers-dir1 "$work/old/include" --headers-dir2 "$work/new/include" "$before" "$library" || status=1
done
[ "$status" = 0 ] || [ "$(minor "$work/before")" = "$(minor .)" ] || { echo "but the minor version is another"; status=0; }
exit $status
