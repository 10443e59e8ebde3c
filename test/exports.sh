#!/bin/sh
# exports.sh FOLDER...: fails if a shared library of this project below exports a name that is not its own, such as one of
# Asio, Beast or Boost.JSON; other versions of those may be in the same program. Asio's record of the loop that a thread runs
# has to be one for both.
command -v nm >/dev/null || { echo "skipped: there is no nm"; exit 77; }
libraries=$(find "$@" -type f -name 'libunipile*.so*')
for library in $libraries; do
    nm -D --defined-only "$library" | sed 's/.* //' | grep -Ev '^_Z(T[VTIShvc][0-9n_]*|T[hvc][^N]*)?N[KRO]*7unipile|keyword_tss_ptrI.*E6value_E$' | c++filt |
        sed "s|^|$library exports |"
    nm -D --defined-only "$library" | grep -q 7unipile || echo "$library exports nothing"
done | {
    found=0
    while IFS= read -r line; do echo "$line"; found=1; done
    exit "$found"
}
