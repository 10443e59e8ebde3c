#!/bin/bash
# Checks that the library, the simulator and the program compile with libc++, the standard library of macOS and FreeBSD.
# Nothing is built: Debian's Boost is made for libstdc++.
#   test/libcxx.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. test/packages.sh
# shellcheck disable=SC2086
need_packages $build_packages "clang>=1:19|clang-19" "libc++-dev>=1:19|libc++-19-dev" "libc++abi-dev>=1:19|libc++abi-19-dev"
compiler=$(command -v clang++-19 || command -v clang++)
flags=(-std=c++20 -stdlib=libc++ -fsyntax-only -Wall -Wextra -Iinclude -Isrc -I"$(pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)"
    -DBOOST_ASIO_NO_DEPRECATED -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_BEAST_SEPARATE_COMPILATION)
find src -name '*.cpp' -print0 | xargs -0 -n 1 -P "$(nproc)" "$compiler" "${flags[@]}"
echo "all of src/ compiles with libc++"
