#!/bin/sh
# examples/fashion/demo.sh ADZE WORK: from fashion.onnx to a program on this machine and on an emulated Cortex-M4.
set -eu
adze=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
boards=$here/../../targets/boards
icount=$(dirname "$adze")/icount.so # counts instructions; built with adze

echo "== this machine: adze compile fashion.onnx -t host"
"$adze" compile "$here/fashion.onnx" -t host -o "$work/host"
gcc -std=c99 -O3 -I"$work/host" -I"$boards" -D_POSIX_C_SOURCE=200809L -o "$work/fashion" \
    "$here/main.c" "$work"/host/*.c "$boards/posix/board.c" -lm -lpthread
cp "$here/images.u8" "$here/labels.u8" "$work"
(cd "$work" && ./fashion)

echo "== Cortex-M4: adze compile fashion.onnx -t cortex-m4"
"$adze" compile "$here/fashion.onnx" -t cortex-m4 -o "$work/m4"
arm-none-eabi-gcc -std=c99 -O3 -mthumb -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -ffunction-sections \
    -fdata-sections -I"$work/m4" -I"$boards" -nostartfiles -L"$boards/arm" -T mps2.ld -Wl,--gc-sections \
    -Wl,--enable-non-contiguous-regions -o "$work/fashion.elf" "$here/main.c" "$work"/m4/*.c "$boards/arm/start.c" \
    "$boards/semihosting.c" -lm
mkdir -p "$work/board"
head -c 7840 "$here/images.u8" >"$work/board/images.u8"
head -c 10 "$here/labels.u8" >"$work/board/labels.u8"
(cd "$work/board" && qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none \
    -semihosting-config enable=on,target=native -plugin "$icount,out=count.txt" -kernel ../fashion.elf </dev/null)
grep '^region' "$work/board/count.txt" | tail -n 1 | sed 's/^/instructions: /' || true
echo "flash and RAM of the whole program (text: code and weights; bss: arena, buffers and stack):"
arm-none-eabi-size "$work/fashion.elf"
echo "the network alone, as adze bench measures it:"
"$adze" bench "$here/fashion.onnx" -t cortex-m4 | tail -n 2
