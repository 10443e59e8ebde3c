#!/bin/bash
# Builds the library for arm64 with a cross compiler, in a bare Debian 12 of its own, and runs the tests of folders under
# qemu's emulation.
#   test/arm64.sh [FOLDERS]      a list with semicolons; without: values;decode;paging;store
# Needs root, 6 GB and half an hour; see release.sh for MIRROR, TMPDIR and KEEP. The output is kept in build/arm64.log.
# Ends with 77, and says why, where no release can be made.
set -euo pipefail
cd "$(dirname "$0")/.."
. test/release.sh
need_releases 6
mkdir -p build
make_release bookworm build/arm64.log arm64
copy_project "$releases/arm64"

cross() {
    inside "$releases/arm64" bash -euo pipefail -c '
        dpkg --add-architecture arm64
        apt-get -qq update
        foreign=()
        for name in boost1.81 boost-json1.81 boost-url1.81 boost-container1.81 boost-test1.81 ssl simdjson howardhinnant-date sqlite3; do
            foreign+=("lib$name-dev:arm64")
        done
        apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends g++-aarch64-linux-gnu cmake ninja-build qemu-user \
            openssl tzdata zlib1g-dev:arm64 libzstd-dev:arm64 "${foreign[@]}" >/dev/null
        cd /project
        cmake -S . -B /build -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
            -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_CROSSCOMPILING_EMULATOR=/usr/bin/qemu-aarch64 \
            -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DUNIPILE_WARNINGS_AS_ERRORS=ON -DUNIPILE_BUILD_PROGRAM=OFF \
            -DUNIPILE_BUILD_EXAMPLES=OFF -DUNIPILE_WITH_POSTGRES=OFF -DUNIPILE_TEST_FOLDERS="$1" >/dev/null
        cmake --build /build -j "$(nproc)" | tail -n 20
        # As under a sanitizer, which costs as much.
        export UNIPILE_ALLOCATION_STEP=7 UNIPILE_SIMULATION_SEEDS=100
        ctest --test-dir /build --output-on-failure -LE long -j 2' - "$1"
}
cross "${1:-values;decode;paging;store}" 2>&1 | tee -a build/arm64.log
