#!/bin/sh
# Compiles the kernel's own BPF test programs, all of them, for tests that read and link objects:
#   kernel_programs.sh CLANG OUT
# The sources come from the package linux-source-6.1 and are not kept; types of the running kernel
# are their vmlinux.h, which is compiled once for all that begin with it. A program that this compiler
# or these types do not fit is left out and named in OUT/left_out with the first error. OUT/done says
# that it is all there. Without the package or the kernel's types OUT/done says so.
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
flags="-g -O2 --target=bpf -mcpu=v3 -D__TARGET_ARCH_x86 -w -I$work/include -I. -I../../../include/uapi -I$(dirname "$system")"
# bpf_iter.h is vmlinux.h and a little more; it has no guard against being read twice.
{ echo '#ifndef BPF_ITER_H'; echo '#define BPF_ITER_H'; cat progs/bpf_iter.h; echo '#endif'; } >"$work/bpf_iter.h"
mv "$work/bpf_iter.h" progs/bpf_iter.h
"$clang" $flags -x c-header "$work/include/vmlinux.h" -o "$work/vmlinux.h.pch"
"$clang" $flags -x c-header progs/bpf_iter.h -o "$work/bpf_iter.h.pch"
: >"$work/left_out"
export clang flags work out
ls progs/*.c | xargs -P 2 -n 1 sh -c '
  name=${1##*/} types=
  first=$(sed -n "/^#/{s/^#include *[<\"]\(.*\)[>\"].*/\1/p;q}" "$1")
  if [ -r "$work/$first.pch" ]; then types="-include-pch $work/$first.pch"; fi
  timeout 300 "$clang" $flags $types -c "$1" -o "$out/${name%.c}.o" 2>"$work/$name.errors" ||
    echo "${name%.c}: $(grep -m1 error: "$work/$name.errors")" >>"$work/left_out"' compile
sort "$work/left_out" >"$out/left_out"
rm -rf "$work"
echo complete >"$out/done"
