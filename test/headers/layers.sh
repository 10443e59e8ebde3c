#!/bin/bash
# Which folder of src/ includes headers of which others: the table of src/README.md. Public headers (<unipile/…>) and the
# headers in src/ itself are for all.
set -euo pipefail
cd "$(dirname "$0")/../../src"
declare -A may_use=(
    [decode]="" [http]="" [paging]="decode http" [harvest]="paging" [store]="decode" [durable]="" [simulator]="" [program]=""
)
status=0
complain() { echo "$1" >&2; status=1; }
for folder in */; do
    folder=${folder%/}
    ls "$folder"/*.cpp >/dev/null 2>&1 || continue
    [ -n "${may_use[$folder]+known}" ] || complain "src/$folder is not in the table"
    allowed=" $folder ${may_use[$folder]-} "
    while IFS=: read -r file used; do
        used=${used#*\"}
        used=${used%%/*}
        [[ $allowed == *" $used "* ]] || complain "src/$file includes a header of $used/"
    done < <(grep -rE '#include "[a-z_]+/' "$folder" --include=*.cpp --include=*.hpp | sed 's/#include //')
done
! grep -rn '#include "' ../include || complain "a public header includes a private one"
# What a public header declares is visible to the users of a shared library; nothing else is.
while read -r header; do
    [ "$(grep -c '^#pragma GCC visibility' "$header")" = 2 ] || complain "$header does not make its names visible"
done < <(grep -rl '^namespace unipile' ../include)
exit $status
