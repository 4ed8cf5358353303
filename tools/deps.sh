#!/bin/sh
# Installs the Debian packages that are missing: tools/deps.sh build|run|test|fuzz
set -eu
build="gcc make libc6-dev pkg-config protobuf-c-compiler libprotobuf-c-dev protobuf-compiler libyaml-dev libjansson-dev nettle-dev libpng-dev libjpeg-dev zlib1g-dev liblapack-dev libblas-dev"
run="gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
test="check clang clang-format cmake g++ gcc-riscv64-unknown-elf qemu-system-misc gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user libonnx-testdata python3"
fuzz="clang libclang-rt-14-dev"
case ${1:-test} in
build) wanted="$build" ;;
run) wanted="$build $run" ;;
test) wanted="$build $run $test" ;;
fuzz) wanted="$build $fuzz" ;;
*) echo "usage: tools/deps.sh build|run|test|fuzz" >&2; exit 2 ;;
esac
missing=
for package in $wanted; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
