// Reading a whole map of the kernel when a batch fails in the middle: what was read is not read
// again, the rest is read element by element, and what that cannot read either is an error.
//
// The kernel's own reasons (EAGAIN of a trie that others change, want of memory) cannot be had at
// will. So a process of its own lets seccomp(2) answer a command of bpf(2) in the kernel's place,
// from a chosen element on.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cstddef>
#include <set>

#include "base/text.hpp"
#include "engines/kernel_bpf.hpp"
#include "kernel/map.hpp"

namespace skep::kernel {
namespace {

using platform::MapKind;

constexpr u32 kElements = 10'000;  // of which a batch has at most 4096
constexpr u32 kInSecondBatch = 5'000;

// From now on bpf(`command`, ...) of this process is answered with `error`.
bool refuse(bpf_cmd command, int error) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<u32>(command), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<u32>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// What `does` says in a process of its own.
std::string in_own_process(const std::function<std::string()>& does) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string said = does();
    const bool is_written =
        ::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    ::_exit(is_written ? 0 : 1);
  }
  ::close(ends[1]);
  char text[512];
  const ssize_t bytes = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return std::string(text, bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
}

class MapFaults : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
    const s64 fd = kernel_test::create_map(BPF_MAP_TYPE_HASH, 4, 8, kElements);
    ASSERT_GE(fd, 0);
    map_.emplace(Map::of(Fd::adopt(static_cast<int>(fd))).value());
    for (u32 key = 0; key < kElements; ++key) {
      const u64 value = u64{key} * 3;
      ASSERT_TRUE(map_->update(std::as_bytes(std::span(&key, 1)),
                               std::as_bytes(std::span(&value, 1)), platform::Update::any)
                      .ok());
    }
  }

  // Reads all of it; `at` element number `from` (0: before the first) `command` begins to fail.
  std::string read(u32 from, bpf_cmd command, int error) const {
    std::set<u32> keys;
    u32 met = 0, wrong = 0;
    if (from == 0 && !refuse(command, error)) return "no seccomp";
    const auto all = map_->for_each([&](auto key, auto value) {
      u32 number = 0;
      u64 tripled = 0;
      std::memcpy(&number, key.data(), sizeof(number));
      std::memcpy(&tripled, value.data(), sizeof(tripled));
      keys.insert(number);
      if (tripled != u64{number} * 3) ++wrong;
      if (++met == from && !refuse(command, error)) ++wrong;
    });
    const std::string answer = all.ok() ? "all" : all.error().message;
    return format("{} read, {} different, {} wrong: {}", met, keys.size(), wrong, answer);
  }

  std::optional<Map> map_;
};

TEST_F(MapFaults, WhatABatchDoesNotGiveIsReadByElements) {
  const std::string whole = "10000 read, 10000 different, 0 wrong: all";
  for (const int error : {EAGAIN, ENOMEM, EFAULT, EINVAL}) {
    for (const u32 from : {0u, 1u, kInSecondBatch}) {
      EXPECT_EQ(in_own_process([&] { return read(from, BPF_MAP_LOOKUP_BATCH, error); }), whole)
          << "errno " << error << " from element " << from;
    }
  }
}

TEST_F(MapFaults, WhatCannotBeReadAtAllIsAnError) {
  const std::string said = in_own_process([&] {
    if (!refuse(BPF_MAP_LOOKUP_BATCH, EAGAIN)) return std::string("no seccomp");
    return read(kInSecondBatch, BPF_MAP_GET_NEXT_KEY, EPERM);
  });
  EXPECT_TRUE(said.starts_with("5000 read, 5000 different, 0 wrong: after ")) << said;
  EXPECT_NE(said.find("of at most 10000 elements"), std::string::npos) << said;
}

}  // namespace
}  // namespace skep::kernel
