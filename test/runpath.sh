#!/bin/sh
# runpath.sh FOLDER...: fails if a program or shared library below looks for libraries in the current folder, which is what
# an empty or a relative entry of its RUNPATH means.
command -v readelf >/dev/null || { echo "skipped: there is no readelf"; exit 77; }
find "$@" -type f \( -perm -100 -o -name '*.so*' \) ! -name '*.sh' -exec sh -c '
    for file in "$@"; do
        readelf -d "$file" 2>/dev/null | sed -n "s/.*R\(UN\)\{0,1\}PATH).*\[\(.*\)\]\$/\2/p" | while IFS= read -r path; do
            case ":$path:" in
                *::*) echo "$file: an entry of its RUNPATH is empty: $path" ;;
                *:[!/$:]*) echo "$file: an entry of its RUNPATH is relative: $path" ;;
            esac
        done
    done' sh {} + | {
    found=0
    while IFS= read -r line; do echo "$line"; found=1; done
    exit "$found"
}
