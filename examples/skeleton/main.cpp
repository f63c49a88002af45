// The same with types: flows.skel.hpp is made by `skep gen skeleton` when this is built.
#include <cstdio>

#include "flows.skel.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  const auto engine = skep::Engine::open("user").value();
  auto skeleton = flows::open().value();  // the object is part of the program
  skeleton.globals.not_ip = 100u;
  auto app = skeleton.load(engine).value();

  const auto feed = app.programs.flows.feed(argv[1]).value();
  std::uint64_t packets = 0;
  for (const auto& [key, count] : app.maps.flow_table.entries().value()) packets += count.packets;
  std::printf("%lu packets, %lu in flows\n", feed.packets, packets);

  const auto show = [](const flows::types::flow_event& event) {
    if (event.kind == flows::types::dns_query) std::printf("query for %s\n", event.name);
  };
  const auto events = app.maps.events.drain(show).value();
  std::printf("%lu events, not_ip is now %lu\n", events, app.globals.not_ip.get().value());
} catch (const skep::Error& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
