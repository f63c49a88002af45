// Counts the packets of a capture by flow, with the program flows.bpf.o.
#include <arpa/inet.h>

#include <cstdio>
#include <skep/skep.hpp>

// As bpf/flows.bpf.c declares them.
struct FlowKey {
  in6_addr source, destination;
  std::uint16_t source_port, destination_port;
  std::uint8_t protocol, pad[3];
};
struct FlowCount {
  std::uint64_t packets, bytes;
};

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const auto engine = skep::Engine::open("user").value();
  auto object = skep::Object::open(argv[1]).value();  // a value: nothing is loaded yet
  object.global("not_ip") = 100u;                     // checked against the object's types

  const auto app = engine.load(std::move(object)).value();  // relocate, verify, compile, make maps
  const auto feed = app.program("flows").feed(argv[2]).value();
  std::printf("%lu packets\n", feed.packets);
  for (const auto& [name, packets] : feed.verdicts) {
    std::printf("%lu %s\n", packets, name.c_str());
  }

  std::uint64_t tcp = 0;
  for (const auto& [key, count] : app.map("flow_table").entries<FlowKey, FlowCount>().value()) {
    if (key.protocol == IPPROTO_TCP) tcp += count.packets;
  }
  std::printf("%lu of TCP\n", tcp);
  std::printf("not_ip is now %lu\n", app.global("not_ip").get<std::uint64_t>().value());
} catch (const skep::Error& e) {
  std::fprintf(stderr, "%s\n%s%.*s", e.what(), e.hint.c_str(), static_cast<int>(e.report().size()),
               e.report().data());
  return 1;
}
