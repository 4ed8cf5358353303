#!/bin/sh
# Fails and names the files that clang-format would change.
set -u
cd "$(dirname "$0")/.." || exit 1
files=$(find compiler runtime targets tests tools examples -name '*.[ch]' ! -path 'tests/golden/*' | sort)
# shellcheck disable=SC2086
if ! out=$(clang-format --dry-run -Werror $files 2>&1); then
    echo "$out" | grep -oE '^[^: ]+\.[ch]:' | sort -u
    echo "not formatted; run: make format" >&2
    exit 1
fi
