#!/bin/sh
# tests/bench/weights.sh ADZE [MEGABYTES]: what gcc needs for the constants of a model, in the forms that adze writes and
# as a list of decimals. Ends with status 1 when the default form needs more than a tenth of the list's time, or 250 MB.
set -eu
adze=$(realpath "$1")
megabytes=${2:-10}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

rows=$((megabytes * 1000000 / 4000))
cat >model.txt <<END
graph "model" opset "" 13 {
  input %x: f32[1,$rows]
  const %w: f32[$rows,1000] = random(1)
  %y = MatMul(%x, %w)
  output %y
}
END
# Seconds and peak resident kilobytes of a command.
measure() {
    python3 - "$@" <<'END'
import resource, subprocess, sys, time
best = 1e9
for _ in range(2):
    start = time.perf_counter()
    subprocess.run(sys.argv[1:], check=True)
    best = min(best, time.perf_counter() - start)
print("%.2f %d" % (best, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
END
}
report() { echo "$1: $2 s, $(($3 / 1024)) MB"; }

"$adze" compile model.txt -t x86-64 -o c >/dev/null
"$adze" compile model.txt -t x86-64 -o s --weights incbin >/dev/null
bytes=$(($(stat -c %s s/model_weights.bin) - 64))
echo "gcc -std=c99 -O3 -c, $bytes bytes:"
set -- $(measure gcc -std=c99 -O3 -c c/model_weights.c -o c.o)
string_time=$1 string_memory=$2
report "--weights c (string literals)" "$@"
set -- $(measure gcc -Is -c s/model_weights.S -o s.o)
report "--weights incbin" "$@"
{ echo 'const unsigned char w[] = {'; tail -c +65 s/model_weights.bin | od -An -v -tu1 | sed 's/  *\([0-9]\)/\1/; s/  */,/g; s/$/,/'; echo '};'; } >list.c
set -- $(measure gcc -std=c99 -O3 -c list.c -o list.o)
report "a list of decimals" "$@"
awk -v a="$string_time" -v b="$1" -v m="$string_memory" 'BEGIN {
    printf "string literals: %.1f %% of the time of the list\n", 100 * a / b
    exit !(a <= b / 10 && m <= 250 * 1024)
}'
