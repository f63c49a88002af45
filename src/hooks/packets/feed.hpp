// Feeds a capture to a packet program.
//
// In: a reader, an App with a loaded program. Out: a RunSummary; packets that pass go to the writer
// when there is one. The environment's clock shows each packet's time while the program sees it.
// Packets are prepared and run in batches. A capture that is cut is no lost run: what was whole has
// been run, and the summary carries the error.
#pragma once

#include <functional>
#include <optional>

#include "hooks/packets/capture.hpp"
#include "hooks/packets/capture_writer.hpp"
#include "hooks/packets/verdicts.hpp"
#include "runtime/engine.hpp"
#include "runtime/packet.hpp"

namespace skep::hooks {

struct RunSummary {
  u64 packets = 0;
  u64 bytes = 0;      // that the program got to see
  u64 truncated = 0;  // packets of which the capture kept only the start
  u64 written = 0;
  std::vector<VerdictCount> verdicts;
  bool stopped = false;            // after_batch said so
  std::optional<Error> cut_short;  // the capture or the output failed here
};

enum class Continue : u8 { yes, no };

struct Feeding {
  const runtime::LoadedProgram& program;
  platform::ProgramType type;
  u64 repeat = 1;                   // the capture is read once and replayed from memory
  CaptureWriter* writer = nullptr;  // not finished here
  // Between batches, with the packets so far: the time to read rings, to look at the clock.
  std::function<Continue(u64 packets)> after_batch = [](u64) { return Continue::yes; };
};

// Fault::rejected only when the engine stopped a program: a bug of ours.
Result<RunSummary> feed(runtime::App& app, runtime::Environment& environment,
                        CaptureReader& capture, const Feeding& feeding);

}  // namespace skep::hooks
