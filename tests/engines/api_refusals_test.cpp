// What cannot be attached or loaded says why, by the C++ interface: no place, nothing there, no
// privilege.
#include <sys/wait.h>

#include <map>
#include <vector>

#include "engines/api_kernel.hpp"

namespace skep::api_test {
namespace {

using std::uint32_t, std::uint64_t;

TEST_F(ApiKernel, RefusalsOfAttachingSayWhatIsMissing) {
  const App pass = load_events("pass").value();
  expect_refusal(pass.attach("pass"), Fault::usage, "Place::interface");
  expect_refusal(pass.attach("pass", {.interface = "gone0"}), Fault::absent, "gone0");
  const App nowhere = load_events("nowhere").value();
  expect_refusal(nowhere.attach("nowhere"), Fault::absent, "no_such_tracepoint");
  const App function = load_events("function").value();
  expect_refusal(function.attach("function"), Fault::usage, "Place::target");
  expect_refusal(function.attach("function", {.target = "/proc/self/exe:no_such_function"}),
                 Fault::absent, "no_such_function");
  expect_refusal(function.attach("functoin"), Fault::absent, "did you mean function");
}

// A capture (pcap, of Ethernet) with a packet of each of these sizes.
void write_capture(const test::Scratch& scratch, const std::vector<uint32_t>& sizes) {
  std::string file;
  const auto word = [&](uint32_t value) {
    file.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  for (const uint32_t each : {0xa1b2c3d4u, 0x00040002u, 0u, 0u, 0xffffu, 1u}) word(each);
  for (const uint32_t size : sizes) {
    for (const uint32_t each : {1u, 0u, size, size}) word(each);
    file.append(size, '\0');
  }
  scratch.write("sizes.pcap", file);
}

TEST_F(ApiKernel, APacketThatTheKernelDoesNotTakeEndsTheFeeding) {
  const test::Scratch scratch;
  write_capture(scratch, {60, 10, 60});
  const auto object = Object::open(kPrograms + "filter.bpf.o").value();
  const App kernel = engine("kernel").load(object).value();
  const Feed cut = kernel.program("filter").feed(scratch.path("sizes.pcap")).value();
  EXPECT_EQ(cut.packets, 1u);
  EXPECT_EQ(cut.bytes, 60u);
  ASSERT_EQ(cut.verdicts.size(), 1u);
  EXPECT_EQ(cut.verdicts[0].packets, 1u);
  ASSERT_TRUE(cut.cut_short);
  EXPECT_NE(cut.cut_short->message.find("sizes.pcap: packet 2: "), std::string::npos)
      << cut.cut_short->message;
  const App user = engine("user").load(object).value();
  EXPECT_EQ(user.program("filter").feed(scratch.path("sizes.pcap")).value().packets, 3u);
}

// How many packets each slot of `sizes` counts, which the program tells by the bytes that it sees.
std::map<uint32_t, uint64_t> sizes_seen(std::string_view name, const std::string& capture) {
  App app = engine(name).load(Object::open(kPrograms + "flows.bpf.o").value()).value();
  EXPECT_FALSE(app.program("flows").feed(capture).value().cut_short);
  std::map<uint32_t, uint64_t> out;
  for (uint32_t slot = 0; slot < 32; ++slot) {
    uint64_t sum = 0;
    for (const uint64_t each : app.map("sizes").lookup_cpus<uint64_t>(slot).value()) sum += each;
    if (sum != 0) out[slot] = sum;
  }
  return out;
}

TEST_F(ApiKernel, TheKernelShowsXdpProgramsTheFirstPartOfLongPackets) {
  const test::Scratch scratch;
  write_capture(scratch, {60, 9000});
  using Slots = std::map<uint32_t, uint64_t>;
  EXPECT_EQ(sizes_seen("user", scratch.path("sizes.pcap")), (Slots{{5, 1}, {13, 1}}));
  EXPECT_EQ(sizes_seen("kernel", scratch.path("sizes.pcap")), (Slots{{5, 1}, {11, 1}}));
}

TEST_F(ApiKernel, AReplacementSaysWhoseFunction) {
  const auto object = Object::open(kPrograms + "cli/replaces.bpf.o").value();
  expect_refusal(engine("kernel").load(object), Fault::usage, "which program's function");
  expect_refusal(engine("kernel").load(object, {.replaces = 0x7fffffff}), Fault::absent,
                 "2147483647");
}

// ---- without privileges ----

// What `work` says in a process that may nothing.
std::string of_nobody(std::string (*work)()) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_nobody =
        ::setresgid(65534, 65534, 65534) == 0 && ::setresuid(65534, 65534, 65534) == 0;
    const std::string said = is_nobody ? work() : "cannot become nobody";
    (void)!::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return said;
}

// Opened while it may be read.
Object& opened(const std::string& path) {
  static std::map<std::string, Object> all;
  return all.try_emplace(path, Object::open(path).value()).first->second;
}

TEST_F(ApiKernel, WithoutPrivilegeTheOneThatIsMissingIsNamed) {
  (void)opened(kEvents);
  const std::string said = of_nobody([] {
    const auto app = engine("kernel").load(opened(kEvents), {.programs = {"system_call"}});
    if (app.ok()) return std::string("loaded");
    return std::string(app.error().fault == Fault::denied ? "denied: " : "not denied: ") +
           refusal(app);
  });
  EXPECT_TRUE(said.starts_with("denied: ")) << said;
  EXPECT_NE(said.find("CAP_BPF"), std::string::npos) << said;
}

TEST_F(ApiKernel, WithoutPrivilegeAutoTakesUserSpaceOrSaysWhyNot) {
  (void)opened(kEvents);
  (void)opened(kPrograms + "flows.bpf.o");
  const std::string said = of_nobody([] {
    const auto flows = engine("auto").load(opened(kPrograms + "flows.bpf.o"));
    const auto events = engine("auto").load(opened(kEvents), {.programs = {"system_call"}});
    return std::string(flows.ok() ? flows->engine() : flows.error().message) + "\n" +
           (events.ok() ? std::string("loaded") : std::string(events.error().report()));
  });
  EXPECT_TRUE(said.starts_with("user\n")) << said;
  EXPECT_NE(said.find("kernel  no: CAP_BPF and CAP_PERFMON are missing; run as root"),
            std::string::npos)
      << said;
}

}  // namespace
}  // namespace skep::api_test
