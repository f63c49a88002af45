#!/bin/sh
# What tests/qemu/run promises: the command's output and exit code, and its own code and reason when there are none.
set -u
cd "$(dirname "$0")/../.." || exit
run=tests/qemu/run
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# expect CODE TEXT COMMAND...: it ends with that code, and one of its lines has that text.
expect() {
  wanted=$1 text=$2
  shift 2
  "$@" >"$scratch/output" 2>&1
  code=$?
  if [ "$code" -eq 77 ] && [ "$wanted" -ne 77 ]; then
    cat "$scratch/output"
    exit 77
  fi
  [ "$code" -eq "$wanted" ] || failed "ended with exit code $code instead of $wanted: $*"
  says "$text"
}
says() { grep -q -- "$1" "$scratch/output" || failed "expected a line with '$1'"; }
failed() {
  failures=$((failures + 1))
  echo "FAILED: $1, found:"
  tail -n 20 "$scratch/output"
}

# All output arrives, files and arguments stay what they are.
echo 'from here' >"$scratch/file with spaces"
# shellcheck disable=SC2016  # for the shell in the guest
script='[ "$SKEP_GUEST" = 6.1 ] && cat "$1" && echo "<$2>" >&2 && { sleep 600 & seq 100000; } && exit 42'
expect 42 '^from here$' $run --file "$scratch/file with spaces" 6.1 sh -c "$script" sh "$scratch/file with spaces" 'a  b'
says '^<a  b>$'
says 'Linux 6.1.*: booted in [0-9.]* s, ran for [0-9.]* s'
seq 100000 >"$scratch/numbers"
grep '^[0-9]*$' "$scratch/output" | cmp - "$scratch/numbers" || failed "expected the numbers to 100000"

expect 124 'did not end within 2 s' $run --time-limit 2 6.1 sleep 60
expect 125 'Kernel panic' $run 6.1 sh -c 'echo c >/proc/sysrq-trigger'
expect 125 'load module kvm-intel' $run --module kvm-intel 6.1 true
expect 125 'has no module nonsense' $run --module nonsense 6.1 true
expect 125 'no file /nowhere' $run --file /nowhere 6.1 true
expect 125 'no program nowhere' $run 6.1 nowhere
expect 125 'no option --nonsense' $run --nonsense 6.1 true
expect 125 'a kernel and a command' $run 6.1
expect 77 'apt knows no package linux-image-9.9.' $run 9.9 true

# A machine without qemu: a PATH that has all but that.
mkdir "$scratch/bin"
for program in sh dirname mktemp mkdir rm busybox; do ln -s "$(command -v $program)" "$scratch/bin"; done
expect 77 'apt-get install qemu-system-x86' env "PATH=$scratch/bin" $run 6.1 true
# A machine that cannot fetch: an empty cache, and an apt-get that fails.
printf '#!/bin/sh\necho no network >&2; exit 100\n' >"$scratch/bin/apt-get"
chmod +x "$scratch/bin/apt-get"
# shellcheck disable=SC2016
expect 77 'skipped: no kernel 6.1: `apt-get download' \
  env "PATH=$scratch/bin:$PATH" "XDG_CACHE_HOME=$scratch/cache" $run 6.1 true
says 'no network'

[ "$failures" -eq 0 ] && echo "tests/qemu/run does what it promises"
