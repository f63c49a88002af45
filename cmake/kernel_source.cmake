# The kernel's own tests, from Debian's package linux-source-6.1. Nothing of them is in the repository.
#
# Target kernel_source unpacks what is needed, once, into SKEP_KERNEL_SOURCE below the build folder; rules that read it
# depend on SKEP_KERNEL_SOURCE_READY.
if(NOT TARGET kernel_source)
  find_file(SKEP_KERNEL_TARBALL linux-source-6.1.tar.xz PATHS /usr/src NO_DEFAULT_PATH REQUIRED)
  set(SKEP_KERNEL_SOURCE ${CMAKE_BINARY_DIR}/linux-source-6.1)
  set(SKEP_KERNEL_SOURCE_READY ${CMAKE_BINARY_DIR}/linux-source-6.1.ready)
  add_custom_command(
    OUTPUT ${SKEP_KERNEL_SOURCE_READY}
    COMMAND tar --extract --xz --file ${SKEP_KERNEL_TARBALL} --directory ${CMAKE_BINARY_DIR}
            linux-source-6.1/tools/testing/selftests/bpf linux-source-6.1/tools/lib linux-source-6.1/tools/include
            linux-source-6.1/tools/arch linux-source-6.1/samples/bpf
    COMMAND ${CMAKE_COMMAND} -E touch ${SKEP_KERNEL_SOURCE_READY}
    DEPENDS ${SKEP_KERNEL_TARBALL}
    COMMENT "Unpacking the kernel's tests"
    VERBATIM)
  add_custom_target(kernel_source DEPENDS ${SKEP_KERNEL_SOURCE_READY})
endif()
