// Arenas in the kernel, which is the judge of ours: the instructions of an object as we have
// relocated them, and the programs of arena_cases.hpp.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <memory>

#include "arena_cases.hpp"
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

// A program in the kernel, with maps of its own.
class Loaded {
 public:
  explicit Loaded(const platform::Program& program) : log_(1 << 20) {
    for (const platform::MapSpec& spec : *program.maps) maps_.push_back(make(spec));
    const auto slots = isa::encode(with_descriptors(program.code, maps_)).value();
    bpf_attr load = no_attributes();
    load.prog_type = platform::kernel_number(program.type);
    load.insns = reinterpret_cast<u64>(slots.data());
    load.insn_cnt = static_cast<u32>(slots.size());
    load.license = reinterpret_cast<u64>("GPL");
    load.log_buf = reinterpret_cast<u64>(log_.data());
    load.log_size = static_cast<u32>(log_.size());
    load.log_level = 1;
    is_sleepable_ = program.type == platform::ProgramType::syscall;
    if (is_sleepable_) load.prog_flags = BPF_F_SLEEPABLE;
    const s64 fd = bpf(BPF_PROG_LOAD, load);
    if (fd >= 0) program_ = Fd::adopt(static_cast<int>(fd));
  }

  bool is_there() const { return program_.has_value(); }
  const char* log() const { return log_.data(); }

  u32 run() const {
    std::array<std::byte, 64> input{};
    bpf_attr test = no_attributes();
    (is_sleepable_ ? test.test.ctx_in : test.test.data_in) = reinterpret_cast<u64>(input.data());
    (is_sleepable_ ? test.test.ctx_size_in : test.test.data_size_in) = input.size();
    test.test.prog_fd = static_cast<u32>(program_->get());
    EXPECT_EQ(bpf(BPF_PROG_TEST_RUN, test), 0);
    return test.test.retval;
  }

 private:
  Fd make(const platform::MapSpec& spec) {
    if (spec.kind != platform::MapKind::arena) return Fd::adopt(static_cast<int>(create_map(spec)));
    arenas_.push_back(std::make_unique<Arena>(spec));
    EXPECT_TRUE(arenas_.back()->is_mapped()) << spec.name;
    return Fd::adopt(static_cast<int>(arenas_.back()->descriptor()));
  }

  std::vector<char> log_;
  std::vector<std::unique_ptr<Arena>> arenas_;
  std::vector<Fd> maps_;
  std::optional<Fd> program_;
  bool is_sleepable_ = false;
};

class ArenaPrograms : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = refusal(); !why.empty()) GTEST_SKIP() << why;
    const Arena probe(arenas::arena_spec());
    if (probe.descriptor() == -EINVAL) GTEST_SKIP() << "arenas came with Linux 6.9";
    if (probe.descriptor() >= 0) ::close(static_cast<int>(probe.descriptor()));
  }
};

std::shared_ptr<platform::Program> program_of(const arenas::Case& given) {
  return arenas::program_of(given, arenas::specs_of(given));
}

TEST_F(ArenaPrograms, GiveInTheKernelWhatTheyGiveHere) {
  for (const arenas::Case& each : arenas::accepted_cases()) {
    const Loaded loaded(*program_of(each));
    ASSERT_TRUE(loaded.is_there()) << each.name << ": " << loaded.log();
    EXPECT_EQ(loaded.run(), each.r0) << each.name;
  }
}

TEST_F(ArenaPrograms, AreRefusedByTheKernelToo) {
  for (const arenas::Bad& each : arenas::refused_cases()) {
    EXPECT_FALSE(Loaded(*program_of(each.program)).is_there()) << each.program.name;
  }
}

// Of an object that was relocated by us.
TEST_F(ArenaPrograms, RunInTheKernelAsTheyWereRelocated) {
  const auto object = object::Object::open(SKEP_SOURCE_DIR "/build/bpf/cli/arena.bpf.o").value();
  const auto sum = object.program("sum").value();
  const auto push = object.program("push").value();
  EXPECT_EQ(Loaded(*push).run(), u32{XDP_PASS});
  EXPECT_EQ(Loaded(*sum).run(), u32{XDP_DROP});  // of an arena of its own: the list is empty
  for (const auto& program : {sum, push})
    EXPECT_TRUE(verify::verify(program).accepted()) << program->name;
}

}  // namespace
}  // namespace skep::kernel_test
