// Programs with pointers into an arena (tests/bpf/cli/arena.bpf.c): the kernel loads and runs the
// instructions that we have relocated, and we say why we do not.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <memory>

#include "base/text.hpp"
#include "kernel_programs.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::kernel_test {
namespace {

constexpr u64 kPageBytes = 4096;

// Memory of an arena, mapped before programs are loaded: the kernel wants to know the address.
class Arena {
 public:
  explicit Arena(const platform::MapSpec& spec) : bytes_(spec.max_entries * kPageBytes) {
    bpf_attr attributes = no_attributes();
    attributes.map_type = platform::kernel_number(spec.kind);
    attributes.max_entries = spec.max_entries;
    attributes.map_flags = spec.flags;
    fd_ = bpf(BPF_MAP_CREATE, attributes);
    if (fd_ < 0) return;
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(fd_), 0);
    if (memory_ != MAP_FAILED) std::memcpy(memory_, spec.initial.data(), spec.initial.size());
  }
  ~Arena() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, bytes_);
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  s64 descriptor() const { return fd_; }
  bool is_mapped() const { return memory_ != MAP_FAILED; }

 private:
  u64 bytes_;
  s64 fd_ = -1;
  void* memory_ = MAP_FAILED;
};

class ArenaPrograms : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = refusal(); !why.empty()) GTEST_SKIP() << why;
    const auto specs = object_.maps();
    for (const platform::MapSpec& spec : specs) {
      const bool is_arena = spec.kind == platform::MapKind::arena;
      if (is_arena) arena_ = std::make_unique<Arena>(spec);
      const s64 fd = is_arena ? arena_->descriptor() : create_map(spec);
      if (is_arena && fd == -EINVAL) GTEST_SKIP() << "arenas came with Linux 6.9";
      ASSERT_GE(fd, 0) << spec.name << ": " << std::strerror(static_cast<int>(-fd));
      maps_.push_back(Fd::adopt(static_cast<int>(fd)));
    }
    ASSERT_TRUE(arena_ != nullptr && arena_->is_mapped());
  }

  // What the program returns.
  u32 run(const std::string& name) {
    const auto program = object_.program(name).value();
    const auto slots = isa::encode(with_descriptors(program->code, maps_)).value();
    std::vector<char> log(1 << 20);
    bpf_attr load = no_attributes();
    load.prog_type = platform::kernel_number(program->type);
    load.insns = reinterpret_cast<u64>(slots.data());
    load.insn_cnt = static_cast<u32>(slots.size());
    load.license = reinterpret_cast<u64>("GPL");
    load.log_buf = reinterpret_cast<u64>(log.data());
    load.log_size = static_cast<u32>(log.size());
    load.log_level = 1;
    const s64 fd = bpf(BPF_PROG_LOAD, load);
    EXPECT_GE(fd, 0) << log.data();
    if (fd < 0) return ~0u;
    const Fd loaded = Fd::adopt(static_cast<int>(fd));
    const std::array<std::byte, 64> packet{};
    bpf_attr test = no_attributes();
    test.test.data_in = reinterpret_cast<u64>(packet.data());
    test.test.data_size_in = packet.size();
    test.test.prog_fd = static_cast<u32>(fd);
    EXPECT_EQ(bpf(BPF_PROG_TEST_RUN, test), 0);
    return test.test.retval;
  }

  object::Object object_ =
      object::Object::open(SKEP_SOURCE_DIR "/build/bpf/cli/arena.bpf.o").value();
  std::unique_ptr<Arena> arena_;
  std::vector<Fd> maps_;
};

TEST_F(ArenaPrograms, RunInTheKernelAsTheyWereRelocated) {
  EXPECT_EQ(run("sum"), u32{XDP_DROP});
  EXPECT_EQ(run("push"), u32{XDP_PASS});
  EXPECT_EQ(run("sum"), u32{XDP_PASS});  // nodes[1] begins with 2
}

TEST_F(ArenaPrograms, AreRefusedByOurVerifierWithAReason) {
  for (const char* name : {"push", "sum"}) {  // an address in the arena; a cast
    const verify::Verdict verdict = verify::verify(object_.program(name).value());
    ASSERT_FALSE(verdict.accepted());
    const auto& report = std::get<verify::Report>(verdict.outcome);
    EXPECT_EQ(report.property, "unsupported");
    EXPECT_EQ(report.message, "pointers into an arena are not verified yet");
    EXPECT_TRUE(report.hint.contains("kernel")) << report.hint;
  }
}

}  // namespace
}  // namespace skep::kernel_test
