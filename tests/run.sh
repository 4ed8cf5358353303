#!/bin/sh
# tests/run.sh PROGRAM...: runs Check programs from the root folder, prints what failed and one closing line in Check's
# form that sums them up. A program that ends without such a line counts as an error.
set -u
checks=0 failures=0 errors=0 log=$(mktemp)
trap 'rm -f "$log"' EXIT
programs="$*"
for program in $programs; do
    start=$(date +%s)
    "$program" >"$log" 2>&1
    status=$?
    line=$(grep -aE '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$' "$log" | tail -n 1)
    if [ -z "$line" ]; then
        cat "$log"
        echo "$program: ended with status $status and no result"
        errors=$((errors + 1)) checks=$((checks + 1))
        continue
    fi
    set -- $(echo "$line" | tr -cs '0-9' ' ')
    checks=$((checks + $2)) failures=$((failures + $3)) errors=$((errors + $4))
    grep -aE '^(skipped|SKIP)' "$log"
    [ "$status" = 0 ] || grep -avE '^(skipped|SKIP)' "$log"
    if [ "$status" != 0 ] && [ "$3" = 0 ] && [ "$4" = 0 ]; then
        echo "$program: ended with status $status"
        errors=$((errors + 1))
    fi
    printf '%-44s %4d checks, %d failed, %d s\n' "$program" "$2" $(($3 + $4)) $(($(date +%s) - start))
done
good=$((checks - failures - errors))
[ "$checks" -gt 0 ] && percent=$((good * 100 / checks)) || percent=0
echo "$percent%: Checks: $checks, Failures: $failures, Errors: $errors"
[ "$checks" -gt 0 ] && [ $((failures + errors)) = 0 ]
