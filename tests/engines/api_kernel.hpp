// What the tests of the C++ interface in the kernel share.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <skep/skep.hpp>
#include <string>

#include "engines/kernel_bpf.hpp"
#include "support/scratch.hpp"

namespace skep::api_test {

using std::chrono::milliseconds;

inline const std::string kPrograms = SKEP_SOURCE_DIR "/build/bpf/";
inline const std::string kCapture = SKEP_SOURCE_DIR "/tests/data/web.pcap";
inline const std::string kEvents = SKEP_API_EVENTS;

struct Event {  // struct event of tests/bpf/api/events.bpf.c
  std::uint64_t number;
  std::uint32_t process, from;
};

// A file system of type bpf, in the mounts of this test alone.
class PinFolder {
 public:
  PinFolder() {
    EXPECT_EQ(::mount("bpf", path("").c_str(), "bpf", 0, nullptr), 0) << std::strerror(errno);
  }
  PinFolder(const PinFolder&) = delete;
  PinFolder& operator=(const PinFolder&) = delete;
  ~PinFolder() { EXPECT_EQ(::umount2(path("").c_str(), MNT_DETACH), 0); }
  std::string path(const std::string& name) const { return scratch_.path(name); }

 private:
  test::Scratch scratch_;
};

inline Engine engine(std::string_view name) { return Engine::open(name).value(); }

// With programs that take note of this process only.
inline Object events_of(pid_t process) {
  auto object = Object::open(kEvents).value();
  object.global("only") = static_cast<std::uint32_t>(process);
  return object;
}
inline Result<App> load_events(const std::string& program) {
  return engine("kernel").load(events_of(::getpid()), {.programs = {program}});
}

// What the programs take note of, the notes, and what they sent.
inline void hit() { (void)::getppid(); }

inline std::uint64_t hits(const App& app) {
  return app.global("hits").get<std::uint64_t>().value();
}

inline std::vector<Event> drained(const App& app, std::string_view ring = "events") {
  std::vector<Event> out;
  (void)app.ring<Event>(ring).drain([&](const Event& each) { out.push_back(each); }).value();
  return out;
}

template <class T>
std::string refusal(const Result<T>& result) {
  return result.ok() ? "nothing" : result.error().message + " | " + result.error().hint;
}
template <class T>
void expect_refusal(const Result<T>& result, Fault fault, const std::string& part) {
  ASSERT_FALSE(result.ok()) << "expected: " << part;
  EXPECT_EQ(static_cast<int>(result.error().fault), static_cast<int>(fault)) << refusal(result);
  EXPECT_NE(refusal(result).find(part), std::string::npos) << refusal(result);
}

class ApiKernel : public testing::Test {
 protected:
  // Networks and mounts of this test's own.
  static void SetUpTestSuite() {
    if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) return;
    (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  }
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
    if (::geteuid() != 0) GTEST_SKIP() << "attaching to hooks of the kernel takes root";
  }
};

}  // namespace skep::api_test
