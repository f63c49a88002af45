// In the Linux kernel, without any library: flows.lskel.hpp is made by `skep gen skeleton --light`
// when this is built.
#include <net/if.h>

#include "flows.lskel.hpp"

int fail(const flows::Error& error) {
  std::fprintf(stderr, "%s\n", error.what().c_str());
  return error.number == EPERM ? 3 : 1;
}

int main(int argc, char** argv) {
  flows::Skeleton skeleton;
  skeleton.globals.not_ip = 100;
  skeleton.maps.flow_table.max_entries = 1000;
  if (const auto error = skeleton.load()) return fail(*error);

  const std::array<std::byte, 64> packet{};  // of no protocol that it knows
  std::uint32_t verdict = 0;
  if (const auto error = skeleton.programs.flows.test_run(packet, verdict)) return fail(*error);
  std::printf("verdict %u, not_ip is now %lu\n", verdict, skeleton.globals.not_ip);

  if (argc != 2) return 0;  // with the name of a device: ten seconds of its packets
  const auto device = static_cast<int>(::if_nametoindex(argv[1]));
  if (const auto error = skeleton.programs.flows.attach(device)) return fail(*error);
  ::sleep(10);
  std::printf("of %s, %lu packets were not IP\n", argv[1], skeleton.globals.not_ip - 101);
}
