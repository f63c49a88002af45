// `flows` on a million packets: JIT beside interpreter, and our run loop beside the kernel.
//
// The run loop is the one of `skep run` (hooks::feed): packets of a real capture, copied into their
// frames in batches, contexts set up, the program run, verdicts counted, rings drained after each
// batch. The kernel cannot be fed a capture: BPF_PROG_TEST_RUN repeats one packet, whose set-up it
// does not time, so it is asked for a sample of the capture, and the mean is weighted. Packets that
// leave an event are a stratum of their own, with fewer repeats than the ring has room for: a full
// ring would make them cheaper than they are. "One packet" is our engine measured in that same way.
#include "base/text.hpp"
#include "figures.hpp"
#include "hooks/packets/feed.hpp"
#include "kernel_engine.hpp"
#include "user_engine.hpp"

namespace skep::bench {
namespace {

constexpr const char* kCapture = SKEP_SOURCE_DIR "/tests/data/web.pcap";
constexpr u64 kPackets = 1'000'000;

using Bytes = std::vector<std::byte>;

struct Stratum {
  std::vector<Bytes> packets;  // all of the capture's
  u32 sampled = 0;
  u32 repeat = 0;

  const Bytes& sample(u32 at) const {
    return packets[(2 * at + 1) * packets.size() / (2 * sampled)];  // evenly over the capture
  }
};

struct Strata {
  Stratum silent{{}, 16, 50'000};
  Stratum eventful{{}, 4, 1'500};

  std::size_t size() const { return silent.packets.size() + eventful.packets.size(); }
};

Result<Strata> read_strata(UserEngine& engine) {
  Strata strata;
  auto capture = TRY(hooks::CaptureReader::open(kCapture));
  for (;;) {
    const auto packet = TRY(capture.next());
    if (!packet) return strata;
    const bool leaves_event = TRY(engine.run(packet->bytes, 1)).records != 0;
    Stratum& stratum = leaves_event ? strata.eventful : strata.silent;
    stratum.packets.emplace_back(packet->bytes.begin(), packet->bytes.end());
  }
}

// ns a packet of the whole capture, repeated.
Result<double> feed_once(UserEngine& engine, u64 repeat) {
  auto capture = TRY(hooks::CaptureReader::open(kCapture));
  const u64 begin = thread_ns();
  const auto summary = TRY(hooks::feed(engine.app(), engine.environment(), capture,
                                       {.program = engine.program(),
                                        .type = engine.type(),
                                        .repeat = repeat,
                                        .after_batch = [&](u64) {
                                          engine.drain();
                                          return hooks::Continue::yes;
                                        }}));
  return static_cast<double>(thread_ns() - begin) / static_cast<double>(summary.packets);
}

// ns a packet as the weighted mean of sampled packets; `run_one` gives that of one packet.
template <class RunOne>
Result<double> sampled(const Strata& strata, RunOne run_one) {
  double sum = 0;
  for (const Stratum* stratum : {&strata.silent, &strata.eventful}) {
    for (u32 at = 0; at < stratum->sampled; ++at) {
      const double ns = TRY(run_one(stratum->sample(at), stratum->repeat));
      sum += ns * static_cast<double>(stratum->packets.size()) / stratum->sampled;
    }
  }
  return sum / static_cast<double>(strata.size());
}

double per_second(double ns) { return 1e3 / ns; }

void report_rate(Report& report, std::string_view what, const Samples& ns) {
  Samples rates;
  for (const double one : ns) rates.push_back(per_second(one));
  report.value(what, ns, "ns a packet");
  report.value(what, rates, "million packets a second");
}

}  // namespace

Result<void> flows(Report& report) {
  const auto object = TRY(object::Object::open(shipped("flows")));
  auto jit = TRY(UserEngine::load(object, "flows", runtime::Tier::jit));
  auto interpreter = TRY(UserEngine::load(object, "flows", runtime::Tier::interpreter));
  const Strata strata = TRY(read_strata(jit));
  const u64 repeat = kPackets / strata.size() + 1;
  report.title(format("flows: {} packets of web.pcap, {} of {} leave an event",
                      grouped(repeat * strata.size()), strata.eventful.packets.size(),
                      strata.size()));

  std::vector<Contender> contenders = {
      {"run loop, JIT", [&] { return feed_once(jit, repeat); }},
      {"run loop, interpreter", [&] { return feed_once(interpreter, repeat); }},
      {"one packet, JIT", [&] {
         return sampled(strata, [&](const Bytes& packet, u32 times) -> Result<double> {
           return TRY(jit.run(packet, times)).ns;
         });
       }}};
  auto kernel = KernelEngine::load(shipped("flows"));
  if (kernel.ok()) {
    contenders.push_back({"one packet, kernel", [&] {
                            return sampled(strata,
                                           [&](const Bytes& packet, u32 times) -> Result<double> {
                                             kernel->drain();
                                             return TRY(kernel->run("flows", packet, times)).ns;
                                           });
                          }});
  }
  const auto samples = TRY(interleave(contenders, kRounds));
  for (std::size_t at = 0; at < samples.size(); ++at) {
    report_rate(report, contenders[at].name, samples[at]);
  }
  report.ratio("run loop: JIT over interpreter", ratio_of_medians(samples[1], samples[0]),
               at_least(8));
  if (!kernel.ok()) {
    report.note("no kernel: " + kernel.error().message);
    return {};
  }
  report.ratio("run loop over the kernel's test-run", ratio_of_medians(samples[3], samples[0]),
               at_least(1));
  report.ratio("one packet: JIT over kernel", ratio_of_medians(samples[3], samples[2]));
  return {};
}

}  // namespace skep::bench
