// Contexts in both engines: programs that run on one, and packets that come with one.
#include <linux/bpf.h>

#include "engines/api_kernel.hpp"

namespace skep::api_test {
namespace {

using Bytes = std::vector<std::byte>;

constexpr const char* kBothEngines[] = {"user", "kernel"};

App load_one(const std::string& object, const std::string& program, std::string_view name) {
  return engine(name)
      .load(Object::open(kPrograms + object).value(), {.programs = {program}})
      .value();
}

template <class T>
Bytes bytes_of(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}

struct Request {  // as tests/bpf/cli/context.bpf.c declares it
  std::uint32_t key;
  std::int16_t change;
  std::uint8_t part, pad;
  std::uint64_t result;
};

TEST_F(ApiKernel, AProgramRunsOnItsContextInBothEngines) {
  for (const char* const name : kBothEngines) {
    App app = load_one("cli/context.bpf.o", "add", name);
    const Request request{.key = 27, .change = -3, .part = 1, .pad = 9, .result = 0};
    for (const std::int64_t sum : {-6, -12}) {
      const skep::Run run = app.program("add").run(bytes_of(request)).value();
      EXPECT_EQ(run.return_value, 7u) << name;
      EXPECT_TRUE(run.packet.empty());
      Request left = request;
      left.result = static_cast<std::uint64_t>(sum);
      EXPECT_EQ(run.context, bytes_of(left)) << name;
    }
    const std::uint32_t key = 7;
    EXPECT_EQ(app.map("sums").lookup<std::int64_t>(key).value(), -12) << name;
    expect_refusal(app.program("add").feed(kCapture), Fault::unsupported, "takes no packets");
    expect_refusal(app.program("add").run(Bytes(60), Bytes(16)), Fault::usage, "takes no packet");
    EXPECT_FALSE(app.program("add").run(Bytes(15)).ok()) << name;
    EXPECT_FALSE(app.program("add").run(Bytes(65536)).ok()) << name;
  }
}

TEST_F(ApiKernel, ProgramsOnTheKernelItselfAreForTheKernel) {
  const Object object = Object::open(kPrograms + "cli/context.bpf.o").value();
  expect_refusal(engine("user").load(object, {.programs = {"closes"}}), Fault::unsupported,
                 "bpf_sys_close exists in the kernel only | run it there: --engine kernel");
  const App app = load_one("cli/context.bpf.o", "closes", "kernel");
  const std::uint32_t no_descriptor = 0xffffff;
  const auto run = app.program("closes").run(bytes_of(no_descriptor)).value();
  EXPECT_EQ(static_cast<std::int32_t>(run.return_value), -EBADF);
}

TEST_F(ApiKernel, APacketHasItsContextInBothEngines) {
  __sk_buff skb{};
  skb.mark = 7, skb.priority = 3, skb.ingress_ifindex = 1, skb.ifindex = 1, skb.wire_len = 99;
  skb.tstamp = 1'000'000'007, skb.gso_segs = 2, skb.hwtstamp = 11;
  skb.cb[0] = 5, skb.cb[4] = 13;
  xdp_md xdp{};
  xdp.data = 4, xdp.data_end = 64, xdp.ingress_ifindex = 1;
  const auto skb_bytes = bytes_of(skb), xdp_bytes = bytes_of(xdp);
  Bytes packet(64, std::byte{9});
  const struct {
    const char* program;
    Bytes context;
  } cases[] = {{"mark", skb_bytes},
               {"mark", {skb_bytes.begin(), skb_bytes.begin() + 48}},
               {"seen", skb_bytes},
               {"interface", xdp_bytes},
               {"interface", {xdp_bytes.begin(), xdp_bytes.begin() + 8}}};
  for (const auto& each : cases) {
    std::vector<skep::Run> runs;
    for (const char* const name : kBothEngines) {
      App app = load_one("cli/shown.bpf.o", each.program, name);
      runs.push_back(app.program(each.program).run(packet, each.context).value());
      EXPECT_TRUE(app.program(each.program).run(packet).value().context.empty());
    }
    EXPECT_EQ(runs[0].return_value, runs[1].return_value) << each.program;
    EXPECT_EQ(runs[0].context, runs[1].context) << each.program;
    if (std::string_view(each.program) != "seen") EXPECT_EQ(runs[0].packet, runs[1].packet);
  }
}

// What one of them refuses the other does too; but for what the user engine has not, and for
// interfaces, which are real in the kernel.
TEST_F(ApiKernel, ContextsAreRefusedInBothEngines) {
  const struct {
    const char* program;
    std::uint32_t offset, value;
    bool by_user, by_kernel;
  } cases[] = {
      {"mark", offsetof(__sk_buff, len), 1, true, true},
      {"mark", offsetof(__sk_buff, protocol), 1, true, true},
      {"mark", offsetof(__sk_buff, hash), 1, true, true},
      {"mark", offsetof(__sk_buff, wire_len), 59, true, true},
      {"mark", offsetof(__sk_buff, wire_len), 65537, true, true},
      {"mark", offsetof(__sk_buff, gso_segs), 65536, true, true},
      {"mark", offsetof(__sk_buff, gso_size), 10, true, false},
      {"mark", offsetof(__sk_buff, ifindex), 4711, false, true},
      {"interface", offsetof(xdp_md, data), 2, true, true},
      {"interface", offsetof(xdp_md, data), 220, true, true},
      {"interface", offsetof(xdp_md, data), 252, true, true},
      {"interface", offsetof(xdp_md, data), 216, false, false},
      {"interface", offsetof(xdp_md, data_meta), 4, true, true},
      {"interface", offsetof(xdp_md, data_end), 61, true, false},  // the rest is in fragments
      {"interface", offsetof(xdp_md, data_end), 301, true, true},
      {"interface", offsetof(xdp_md, egress_ifindex), 1, true, true},
      {"interface", offsetof(xdp_md, rx_queue_index), 1, true, true},
      {"interface", offsetof(xdp_md, ingress_ifindex), 4711, false, true},
  };
  for (const auto& each : cases) {
    const bool is_xdp = std::string_view(each.program) == "interface";
    const Bytes packet(is_xdp ? 300 : 60);
    Bytes context(is_xdp ? sizeof(xdp_md) : sizeof(__sk_buff));
    if (is_xdp) reinterpret_cast<xdp_md*>(context.data())->data_end = 300;
    std::memcpy(context.data() + each.offset, &each.value, sizeof(each.value));
    for (const char* const name : kBothEngines) {
      App app = load_one("cli/shown.bpf.o", each.program, name);
      const bool expected = name == kBothEngines[0] ? each.by_user : each.by_kernel;
      EXPECT_EQ(!app.program(each.program).run(packet, context).ok(), expected)
          << name << " " << each.program << " offset " << each.offset << " = " << each.value;
    }
  }
}

}  // namespace
}  // namespace skep::api_test
