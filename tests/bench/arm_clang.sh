#!/bin/sh
# A compiler driver for tests/bench/cortex-m4-clang.yaml: clang compiles, with newlib's headers; arm-none-eabi-gcc links.
case " $* " in
*" -c "*) exec clang --target=arm-none-eabi -isystem /usr/lib/arm-none-eabi/include "$@" ;;
*) exec arm-none-eabi-gcc "$@" ;;
esac
