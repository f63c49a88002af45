# Building for aarch64 Linux on another machine: clang, lld, and Debian's libraries for arm64; what is built runs in qemu.
# Programs are static, so that qemu needs no libraries, and position-independent, so that code has room near them.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static-pie -fuse-ld=lld")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
