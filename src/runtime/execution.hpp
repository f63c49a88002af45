// What a program's run carries with it: the sixth argument of every helper.
#pragma once

#include <vector>

#include "platform/machine.hpp"
#include "runtime/environment.hpp"
#include "runtime/packet.hpp"

namespace skep::runtime {

struct Execution {
  Environment* environment = nullptr;
  Packet* packet = nullptr;  // null when the program runs on memory
  u32 cpu = 0;               // of the thread, for the whole run
  // Of a run with a budget; its records are those that were reserved and not given back.
  platform::Budget budget{};
  std::vector<void*>* held = nullptr;
  u64 unwind_to = 0;  // Bindings::unwind_offset: written and read by compiled code only
};

}  // namespace skep::runtime
