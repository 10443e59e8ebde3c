#!/bin/bash
# print_post.sh GDB PRINTERS PROGRAM: what gdb prints of a post. Exits with 77 where gdb can't run a program.
set -euo pipefail
gdb=$1 printers=$2 program=$3
"$gdb" -nx -batch -ex run /bin/true 2>&1 | grep -q "exited normally" || exit 77
said=$("$gdb" -nx -batch -ex "source $printers" -ex "break stop_here" -ex run -ex "print whole" -ex "print moved_from" \
    "$program" 2>&1)
for part in 'post LINKEDIN 7' '{"object":"Post","provider":"LINKEDIN","id":"7","text":"Grüße"}' 'post (moved from)'; do
    # Quotes within a string are escaped.
    grep -qF -- "$part" <<<"${said//\\/}" || { echo "missing: $part"; echo "$said"; exit 1; }
done
