// In the Linux kernel: what a function of this process is called with, by a probe and a ring
// buffer. calls.skel.hpp is made by `skep gen skeleton` from calls.bpf.c when this is built.
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "calls.skel.hpp"

extern "C" [[gnu::noinline]] void order(int dishes) { asm volatile("" : : "r"(dishes)); }

int main() try {
  const auto engine = skep::Engine::open("kernel").value();
  auto app = calls::open().value().load(engine).value();
  app.attach({.target = "/proc/self/exe:order", .pid = getpid()}).value();  // until `app` goes
  std::printf("attached to a %s\n", app.links[0].hook().c_str());

  std::thread guest([] {
    for (int dishes = 1; dishes <= 3; ++dishes) order(dishes);
  });
  int seen = 0;
  const auto show = [&](const calls::types::call& call) {
    std::printf("order(%d)\n", call.argument);
    ++seen;
  };
  while (seen < 3 && app.maps.calls.wait(std::chrono::seconds(5)).value()) {
    (void)app.maps.calls.drain(show).value();
  }
  guest.join();
  std::printf("%lu calls lost\n", app.globals.lost.get().value());
  return seen == 3 ? 0 : 1;
} catch (const skep::Error& e) {
  std::fprintf(stderr, "%s\n%s\n", e.what(), e.hint.c_str());
  return e.fault == skep::Fault::denied ? 3 : 1;
}
