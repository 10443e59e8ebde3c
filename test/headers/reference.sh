#!/bin/bash
# reference.sh [FOLDER]: makes the API reference of the public headers with Doxygen, in FOLDER if one is given. Fails if a
# public name has no comment, apart from those that say all that there is: members of plain structs, and what convention
# names.
set -u
command -v doxygen >/dev/null || { echo "skipped: there is no doxygen"; exit 77; }
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/Doxyfile" <<END
PROJECT_NAME = unipile-asio
INPUT = include
RECURSIVE = YES
FILE_PATTERNS = *.hpp
EXCLUDE = include/unipile/detail
EXCLUDE_SYMBOLS = unipile::detail::* unipile::*::detail::* unipile::paging::* unipile::durable::*
OUTPUT_DIRECTORY = ${1:-$work}
GENERATE_HTML = $([ $# -gt 0 ] && echo YES || echo NO)
GENERATE_XML = $([ $# -gt 0 ] && echo NO || echo YES)
GENERATE_LATEX = NO
JAVADOC_AUTOBRIEF = YES
SHOW_INCLUDE_FILES = NO
QUIET = YES
END
[ $# -eq 0 ] || mkdir -p "$1"
doxygen "$work/Doxyfile" >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }
conventional='Member [A-Za-z_]+ \(variable\) of struct|Member operator(==|<=>)\(|Member (result|executor_type|value_type|difference_type|iterator_concept) \(typedef\)|Member get_executor\(\)|Member what\(\) const noexcept override|Member operator(->|\+\+)\(.*iterator'
# Copies and moves: a class's own name with only itself as an argument, and its assignment.
copies='Member ([a-z_]+)\((const )?\1 &{0,2} ?[a-z]*\)|Member operator=\('
# A specialisation in a namespace that is not read; definitions of templates that it can't match with their declarations.
foreign='Internal inconsistency: scope for class boost::|no matching class member found for'
! grep -E 'warning: |error: ' "$work/output" | grep -Ev "$conventional|$foreign" | grep -Ev "$copies"
