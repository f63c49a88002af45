// Rings and perf buffers of programs in the kernel, by the C++ interface: what comes, and who is
// woken.
#include <poll.h>
#include <sched.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "engines/api_kernel.hpp"

namespace skep::api_test {
namespace {

using std::uint32_t, std::uint64_t;

TEST_F(ApiKernel, RecordsComeInOrderAndWakeTheirReader) {
  const App app = load_events("system_call").value();
  const auto links = app.attach_all().value();
  ASSERT_EQ(links.size(), 1u);
  const RingBytes ring = app.ring("events");
  EXPECT_FALSE(ring.wait(milliseconds(20)).value());
  EXPECT_FALSE(ring.wait(milliseconds(-1)).value());
  std::thread later([] {
    std::this_thread::sleep_for(milliseconds(50));
    hit();
    hit();
  });
  EXPECT_TRUE(ring.wait(milliseconds::max()).value());
  later.join();
  const auto records = drained(app);
  ASSERT_EQ(records.size(), 2u);
  for (uint64_t number = 0; number < 2; ++number) {
    EXPECT_EQ(records[number].number, number);
    EXPECT_EQ(records[number].process, static_cast<uint32_t>(::getpid()));
    EXPECT_EQ(records[number].from, 1u);
  }
  EXPECT_FALSE(ring.wait(milliseconds(0)).value());
}

TEST_F(ApiKernel, ADescriptorOfARingCanBePolled) {
  const App app = load_events("system_call").value();
  const Link link = app.attach("system_call").value();
  pollfd ring{app.ring("events").fd().value(), POLLIN, 0};
  EXPECT_EQ(::poll(&ring, 1, 0), 0);
  hit();
  EXPECT_EQ(::poll(&ring, 1, 2000), 1);
  EXPECT_EQ(drained(app).size(), 1u);
  EXPECT_EQ(::poll(&ring, 1, 0), 0);
}

TEST_F(ApiKernel, ASignalEndsTheWait) {
  const App app = load_events("system_call").value();
  struct sigaction act {};
  act.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR1, &act, nullptr), 0);
  const pthread_t here = ::pthread_self();
  std::atomic<bool> is_over = false;
  std::thread sender([here, &is_over] {
    while (!is_over) {
      std::this_thread::sleep_for(milliseconds(20));
      ::pthread_kill(here, SIGUSR1);
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(app.ring("events").wait(std::chrono::seconds(30)).value());
  is_over = true;
  sender.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(ApiKernel, PerfBuffersAreReadLikeRings) {
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  CPU_ZERO(&one);
  CPU_SET(::sched_getcpu(), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);  // so that one CPU's ring gets full
  const App app = load_events("system_call").value();
  const Link link = app.attach("system_call").value();
  const RingBytes samples = app.ring("samples");
  EXPECT_FALSE(samples.wait(milliseconds(5)).value());
  hit();
  EXPECT_TRUE(samples.wait(std::chrono::seconds(5)).value());
  const auto records = drained(app, "samples");
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].process, static_cast<uint32_t>(::getpid()));
  EXPECT_EQ(samples.lost().value(), 0u);
  EXPECT_GE(samples.fd().value(), 0);
  // 24 bytes and a header each: more than the 64 pages of a CPU's ring have room for.
  const int events = 64 * 4096 / 24 + 1000;
  for (int each = 0; each < events; ++each) hit();
  pollfd ready{samples.fd().value(), POLLIN, 0};
  EXPECT_EQ(::poll(&ready, 1, 2000), 1);
  const auto read = drained(app, "samples").size();
  for (int each = 0; each < 10; ++each) hit();  // the kernel tells what it lost with the next one
  EXPECT_EQ(read + drained(app, "samples").size() + samples.lost().value(), events + 10u);
  EXPECT_GT(samples.lost().value(), 0u);
  EXPECT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace skep::api_test
