// Optimised objects beside those that they were made of: every program that the kernel takes it
// takes optimised, and in both engines the two come to the same on the same inputs.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include "agreement_objects.hpp"
#include "agreement_sides.hpp"
#include "base/text.hpp"
#include "kernel/features.hpp"
#include "kernel_bpf.hpp"
#include "object/user_engine.hpp"
#include "optimize/optimize.hpp"
#include "support/scratch.hpp"

namespace skep::agreement {
namespace {

constexpr std::size_t kPackets = 60, kContexts = 30;

int be_silent(libbpf_print_level, const char*, va_list) { return 0; }

// Whether the kernel takes this program of the object, alone and without pins. `log` is what it
// says.
bool is_accepted(std::span<const std::byte> file, const std::string& name, std::string& log) {
  ::libbpf_set_print(be_silent);
  bpf_object* object = ::bpf_object__open_mem(file.data(), file.size(), nullptr);
  if (object == nullptr) return false;
  std::vector<char> text(1 << 20);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    const bool chosen = name == ::bpf_program__name(program);
    ::bpf_program__set_autoload(program, chosen);
    if (chosen) ::bpf_program__set_log_buf(program, text.data(), text.size());
  }
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object)(void)::bpf_map__set_pin_path(map, nullptr);
  const int error = ::bpf_object__load(object);
  ::bpf_object__close(object);
  log = text.data();
  if (log.size() > 2500) log = "..." + log.substr(log.size() - 2500);
  return error == 0;
}

struct Totals {
  u64 objects = 0, functions = 0, accepted = 0, programs = 0, inputs = 0;
} total;

class Optimised : public testing::TestWithParam<Source> {
 protected:
  static void TearDownTestSuite() {
    std::printf("optimised: %s with %s; the kernel took %s; %s compared on %s\n",
                counted(total.objects, "object").c_str(),
                counted(total.functions, "changed function").c_str(),
                counted(total.accepted, "program").c_str(),
                counted(total.programs, "program").c_str(), counted(total.inputs, "input").c_str());
  }

  void SetUp() override {
    auto object = object::Object::open(GetParam().path);
    if (!object.ok()) GTEST_SKIP() << object.error().message;
    before_.emplace(std::move(*object));
    const auto made = optimize::optimize(*before_);
    ASSERT_TRUE(made.ok()) << made.error().what();
    for (const auto& each : made->functions) {
      changed_ += std::ranges::any_of(each.changes, [](u32 count) { return count != 0; }) ? 1 : 0;
    }
    const Mapping file = Mapping::of_file(GetParam().path).value();
    file_ = {file.bytes().span().begin(), file.bytes().span().end()};
    made_ = made->file;
    if (changed_ == 0) {
      EXPECT_TRUE(made_ == file_) << "nothing changed, and the file is another one";
      GTEST_SKIP() << "nothing to optimise";
    }
    auto after = object::Object::read(Bytes(made_), GetParam().path + " optimised");
    ASSERT_TRUE(after.ok()) << after.error().what();
    after_.emplace(std::move(*after));
    ++total.objects;
    total.functions += changed_;
  }

  std::optional<object::Object> before_, after_;
  std::vector<std::byte> file_, made_;
  u64 changed_ = 0;
};

TEST_P(Optimised, IsTakenByTheKernelWhereItWas) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  for (const object::ProgramEntry& entry : before_->programs()) {
    std::string log;
    if (!is_accepted(file_, entry.name, log)) continue;
    EXPECT_TRUE(is_accepted(made_, entry.name, log)) << entry.name << "\n" << log;
    ++total.accepted;
  }
}

template <class Side>
Result<Outcome> outcome(Side& side, const Input& input) {
  return side.run(input);
}

// Both of one engine.
template <class Side>
void compare(Side& before, Side& after, const std::vector<Input>& inputs) {
  for (const Input& input : inputs) {
    const auto first = outcome(before, input), second = outcome(after, input);
    ASSERT_EQ(first.ok(), second.ok());
    if (!first.ok()) continue;
    ASSERT_EQ(first->return_value, second->return_value);
    ASSERT_TRUE(first->packet == second->packet);
    ASSERT_TRUE(first->context == second->context);
    ++total.inputs;
  }
  before.finish();
  after.finish();
  EXPECT_EQ(difference(before.results.records, after.results.records), "") << "ring records";
  EXPECT_EQ(difference(before.results.maps, after.results.maps), "") << "maps";
}

TEST_P(Optimised, ComesToTheSame) {
  const test::Scratch pins;
  const bool kernel = kernel_test::refusal().empty();
  if (kernel) {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("bpf", pins.path("").c_str(), "bpf", 0, nullptr), 0);
    std::filesystem::create_directory(pins.path("before"));
    std::filesystem::create_directory(pins.path("after"));
  }
  for (const object::ProgramEntry& entry : before_->programs()) {
    if (!object::runs_in_user_engine(entry.type)) continue;
    if (find_left_out(GetParam(), entry.name) != nullptr) continue;
    SCOPED_TRACE(entry.name);
    const Chosen first{*before_, entry}, second{*after_, entry};
    auto before = UserSide::load(first), after = UserSide::load(second);
    ASSERT_EQ(before.index(), after.index()) << "one of both is refused";
    if (before.index() != 0) continue;
    UserSide& user = *std::get<0>(before);
    const auto inputs = object::takes_packets(entry.type)
                            ? packet_inputs(entry.type, kPackets)
                            : context_inputs(user.context_bytes(), kContexts);
    compare(user, *std::get<0>(after), inputs);
    ++total.programs;
    if (!kernel) continue;
    auto loaded = KernelSide::load(first, pins.path("before"));
    auto optimised = KernelSide::load(second, pins.path("after"));
    ASSERT_EQ(loaded.index(), optimised.index()) << "the kernel refuses one of both";
    if (loaded.index() == 0) compare(*std::get<0>(loaded), *std::get<0>(optimised), inputs);
  }
  if (kernel) (void)::umount2(pins.path("").c_str(), MNT_DETACH);
}

INSTANTIATE_TEST_SUITE_P(Objects, Optimised, testing::ValuesIn(objects()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace skep::agreement
