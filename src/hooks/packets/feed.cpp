#include "hooks/packets/feed.hpp"

#include <algorithm>
#include <array>

namespace skep::hooks {
namespace {

constexpr u32 kBatch = 64;

// Every packet of a capture in one piece of memory.
class Recording {
 public:
  void add(const CapturedPacket& packet) {
    places_.push_back({bytes_.size(), packet.bytes.size(), packet.wire_length, packet.time_ns});
    bytes_.insert(bytes_.end(), packet.bytes.begin(), packet.bytes.end());
  }
  std::size_t size() const { return places_.size(); }
  CapturedPacket operator[](std::size_t at) const {
    const Place& place = places_[at];
    return {std::span(bytes_).subspan(place.offset, place.size), place.wire_length, place.time_ns};
  }

 private:
  struct Place {
    std::size_t offset;
    std::size_t size;
    u32 wire_length;
    u64 time_ns;
  };
  std::vector<std::byte> bytes_;
  std::vector<Place> places_;
};

// What becomes of the bytes of a packet before the batch has run.
enum class Bytes : u8 { stay, change };

class Feeder {
 public:
  Feeder(runtime::App& app, const Feeding& feeding, runtime::PacketArena arena)
      : app_(app),
        feeding_(feeding),
        leaves_packets_(!runtime::may_change_packet(feeding.program)),
        arena_(std::move(arena)),
        verdicts_(feeding.type) {}

  // Puts a packet into the batch and runs the batch when it is full. It is copied when its bytes do
  // not stay where they are, or the program may change them.
  Result<Continue> add(const CapturedPacket& captured, Bytes bytes_will) {
    const bool too_long = captured.bytes.size() > runtime::Packet::kLengthMax;
    const auto bytes =
        too_long ? captured.bytes.first(runtime::Packet::kLengthMax) : captured.bytes;
    runtime::Arrival arrival;
    arrival.time_ns = captured.time_ns;
    if (captured.wire_length > bytes.size()) {
      arrival.wire_length = captured.wire_length;
      ++summary_.truncated;
    }
    if (bytes_will == Bytes::stay && leaves_packets_) {
      arena_[filled_].view(feeding_.type, bytes, arrival);
    } else {
      arena_[filled_].reset(feeding_.type, bytes, arrival);
    }
    times_[filled_++] = captured.time_ns;  // for the writer; the engine's clock has its own
    summary_.bytes += bytes.size();
    return filled_ == kBatch ? run_batch() : Continue::yes;
  }

  Result<Continue> run_batch() {
    std::array<u32, kBatch> verdicts;
    const auto results = std::span(verdicts).first(filled_);
    TRY(app_.run_batch(feeding_.program, arena_.packets().first(filled_), results));
    summary_.packets += filled_;
    verdicts_.count(results);
    if (feeding_.writer != nullptr) TRY(write_passed(results));
    filled_ = 0;
    return feeding_.after_batch(summary_.packets);
  }

  RunSummary finished() && {
    summary_.verdicts = verdicts_.named();
    return std::move(summary_);
  }

  RunSummary& summary() { return summary_; }

 private:
  Result<void> write_passed(std::span<const u32> results) {
    for (u32 at = 0; at < results.size(); ++at) {
      const s64 verdict = verdict_of(feeding_.type, results[at]);
      if (fate_of(feeding_.type, verdict) == Fate::dropped) continue;
      ++summary_.written;
      TRY(write(arena_[at], times_[at], verdict));
    }
    return {};
  }

  Result<void> write(runtime::Packet& packet, u64 time_ns, s64 verdict) {
    packet.materialise_vlan();
    std::span<const std::byte> bytes = packet.bytes();
    const u32 wire_length = packet.wire_length();
    // A socket filter's result is how much of the packet is kept.
    if (feeding_.type == platform::ProgramType::socket_filter)
      bytes = bytes.first(std::min<u64>(bytes.size(), static_cast<u64>(verdict)));
    return feeding_.writer->write({bytes, wire_length, time_ns});
  }

  runtime::App& app_;
  const Feeding& feeding_;
  bool leaves_packets_;
  runtime::PacketArena arena_;
  VerdictCounts verdicts_;
  RunSummary summary_;
  u64 times_[kBatch] = {};
  u32 filled_ = 0;
};

// The capture from its file; what was read is kept in `recording` when it will be needed again.
// A capture that is cut ends here, its error in the summary.
Result<Continue> feed_file(Feeder& feeder, CaptureReader& capture, Recording* recording) {
  for (;;) {
    auto next = capture.next();
    if (!next.ok()) {
      feeder.summary().cut_short = std::move(next).error();
      return Continue::no;
    }
    if (!*next) return Continue::yes;
    if (recording != nullptr) recording->add(**next);
    if (TRY(feeder.add(**next, Bytes::change)) == Continue::no) {
      feeder.summary().stopped = true;
      return Continue::no;
    }
  }
}

Result<Continue> replay(Feeder& feeder, const Recording& recording) {
  for (std::size_t at = 0; at < recording.size(); ++at) {
    if (TRY(feeder.add(recording[at], Bytes::stay)) == Continue::no) {
      feeder.summary().stopped = true;
      return Continue::no;
    }
  }
  return Continue::yes;
}

Result<void> feed_all(Feeder& feeder, CaptureReader& capture, u64 repeat) {
  Recording recording;
  Continue go_on = TRY(feed_file(feeder, capture, repeat > 1 ? &recording : nullptr));
  for (u64 round = 1; round < repeat && go_on == Continue::yes; ++round) {
    go_on = TRY(replay(feeder, recording));
  }
  TRY(feeder.run_batch());
  return {};
}

}  // namespace

Result<RunSummary> feed(runtime::App& app, runtime::Environment& environment,
                        CaptureReader& capture, const Feeding& feeding) {
  Feeder feeder(app, feeding, TRY(runtime::PacketArena::create(kBatch)));
  if (auto fed = feed_all(feeder, capture, feeding.repeat); !fed.ok()) {
    if (fed.error().fault == Fault::rejected) return std::move(fed).error();
    feeder.summary().cut_short = std::move(fed).error();
  }
  environment.set_event_time(0);  // the engine left it at the last packet's
  return std::move(feeder).finished();
}

}  // namespace skep::hooks
