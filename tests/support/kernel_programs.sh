#!/bin/sh
# Compiles a third of the kernel's own BPF test programs, and those that are parts of one, for tests that
# read and link objects:
#   kernel_programs.sh CLANG OUT
# The sources come from the package linux-source-6.1 and are not kept; types of the running kernel
# are their vmlinux.h. A program that this compiler or these types do not fit is left out. OUT/done
# says that it is all there. Without the package or the kernel's types OUT/done says so.
set -eu
clang=$1 out=$2
tarball=/usr/src/linux-source-6.1.tar.xz
types=/sys/kernel/btf/vmlinux
mkdir -p "$out"
for needed in "$tarball" "$types"; do
  if [ ! -r "$needed" ]; then
    echo "missing: $needed" >"$out/done"
    exit 0
  fi
done
work=$out/source
rm -rf "$work"
mkdir -p "$work/include/bpf"
tar -C "$work" -xf "$tarball" --strip-components=1 --wildcards \
  'linux-source-6.1/tools/testing/selftests/bpf/*' 'linux-source-6.1/tools/lib/bpf/*.h' \
  'linux-source-6.1/tools/include/*'
cp "$work"/tools/lib/bpf/*.h /usr/include/bpf/bpf_helper_defs.h "$work/include/bpf/"
bpftool btf dump file "$types" format c >"$work/include/vmlinux.h"
cd "$work/tools/testing/selftests/bpf"
system=$(dirname "$(find /usr/include -path '*/asm/types.h' | head -1)")
ls progs/*.c | awk 'NR % 3 == 1 || /linked_|\/test_subskeleton/' | xargs -P 2 -I FILE sh -c '
  timeout 60 "$0" -g -O2 --target=bpf -mcpu=v3 -D__TARGET_ARCH_x86 -w -I"$1/include" -I. \
    -I../../../include/uapi -I"$2" -c FILE -o "$3/$(basename FILE .c).o" 2>/dev/null || :' \
  "$clang" "$work" "$(dirname "$system")" "$out"
rm -rf "$work"
echo complete >"$out/done"
