#!/bin/sh
# tests/fuzz/run.sh SECONDS TARGET...: each fuzzer for that long, one behind the other (make fuzz). What it learns stays in
# build/fuzz/corpus; an input that fails is left in build/fuzz/found as TARGET-crash-..., and the exit status is 1.
# The last line of a target: executions, edges covered (cov), features (ft).
set -u
seconds=$1 status=0
shift
mkdir -p build/fuzz/found
for target in "$@"; do
    learnt=build/fuzz/corpus/$target seeds="tests/fuzz/corpus/$target"
    mkdir -p "$learnt"
    [ "$target" = text ] && seeds="$seeds tests/passes tests/operators"
    [ "$target" = yaml ] && seeds="$seeds targets"
    # shellcheck disable=SC2086 # a list of folders
    build/fuzz/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=3000 \
        -dict=tests/fuzz/"$target".dict -artifact_prefix=build/fuzz/found/"$target"- -print_final_stats=1 \
        ${FUZZ_OPTIONS:-} "$learnt" $seeds >build/fuzz/"$target".log 2>&1 || { status=1; grep -aE '^(==|SUMMARY|Test unit)' build/fuzz/"$target".log; }
    echo "$target: $(grep -aE 'stat::number_of_executed_units' build/fuzz/"$target".log | grep -oE '[0-9]+$') executions," \
        "$(grep -aoE 'cov: [0-9]+ ft: [0-9]+' build/fuzz/"$target".log | tail -n 1)"
done
exit $status
