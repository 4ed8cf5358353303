#!/bin/sh
# tests/run.sh PROGRAM...: runs Check programs from the root folder, one a core at a time, prints what failed and one
# closing line in Check's form that sums them up. A program that ends without such a line counts as an error.
# $ADZE is for each the adze that was built with it.
set -u

# The output of one program in $logs/output, its "checks failures errors" into $logs/sums.
run_one() {
    program=$1 log=$(mktemp -p "$logs") start=$(date +%s)
    ADZE="${program%%/tests/*}/adze" "$program" >"$log" 2>&1
    status=$?
    seconds=$(($(date +%s) - start))
    line=$(grep -aE '^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$' "$log" | tail -n 1)
    if [ -z "$line" ]; then
        cat "$log"
        echo "$program: ended with status $status and no result"
        echo 1 0 1 >>"$logs/sums"
        return
    fi
    # shellcheck disable=SC2046 # percent, checks, failures, errors
    set -- $(echo "$line" | tr -cs '0-9' ' ')
    checks=$2 failures=$3 errors=$4
    grep -aE '^(skipped|SKIP)' "$log"
    [ "$status" = 0 ] || grep -avE '^(skipped|SKIP)' "$log"
    if [ "$status" != 0 ] && [ "$failures" = 0 ] && [ "$errors" = 0 ]; then
        echo "$program: ended with status $status"
        errors=1
    fi
    printf '%-44s %4d checks, %d failed, %d s\n' "$program" "$checks" $((failures + errors)) "$seconds"
    echo "$checks $failures $errors" >>"$logs/sums"
}

if [ "${1:-}" = --one ]; then
    logs=$2
    output=$(run_one "$3")
    printf '%s\n' "$output"
    exit 0
fi
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'exit 1' INT TERM
: "${CK_TIMEOUT_MULTIPLIER:=4}" # a busy machine is no failure
export CK_TIMEOUT_MULTIPLIER
printf '%s\n' "$@" | xargs -r -P "$(nproc)" -n 1 "$0" --one "$logs"
checks=0 failures=0 errors=0 programs=0
while read -r c f e; do
    checks=$((checks + c)) failures=$((failures + f)) errors=$((errors + e)) programs=$((programs + 1))
done <<END
$(cat "$logs/sums" 2>/dev/null)
END
[ "$programs" = $# ] || errors=$((errors + 1))
good=$((checks - failures - errors))
[ "$checks" -gt 0 ] && percent=$((good * 100 / checks)) || percent=0
echo "$percent%: Checks: $checks, Failures: $failures, Errors: $errors"
[ "$checks" -gt 0 ] && [ $((failures + errors)) = 0 ]
