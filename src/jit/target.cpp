#include "jit/target.hpp"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace skep::jit {

#if defined(__aarch64__)

target::Target this_processor() {
  return {.has_lse = (::getauxval(AT_HWCAP) & HWCAP_ATOMICS) != 0};
}

#else

target::Target this_processor() { return {.has_bmi2 = __builtin_cpu_supports("bmi2") != 0}; }

#endif

}  // namespace skep::jit
