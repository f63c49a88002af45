#include "jit/target.hpp"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#else
#include <cpuid.h>
#endif

namespace skep::jit {

#if defined(__aarch64__)

target::Target this_processor() {
  return {.has_lse = (::getauxval(AT_HWCAP) & HWCAP_ATOMICS) != 0};
}

#else
namespace {

// What __builtin_cpu_supports of clang 19 has no name for: leaf 1, ecx, bit 22 (Intel SDM, CPUID).
bool has_movbe() {
  u32 eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_MOVBE) != 0;
}

}  // namespace

target::Target this_processor() {
  return {.has_bmi2 = __builtin_cpu_supports("bmi2") != 0, .has_movbe = has_movbe()};
}

#endif

}  // namespace skep::jit
