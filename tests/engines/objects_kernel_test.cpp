// Our verdicts beside the kernel's on compiled objects: bpf/*.bpf.c and tests/bpf/bad/*.bpf.c. The
// kernel gets them through libbpf.
//
// Each bad program says "Refused at line N" in its first lines; our Report must name that line.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "kernel_bpf.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::verify {
namespace {

namespace fs = std::filesystem;

struct Compiled {
  std::string object;  // path of the .o
  std::string source;  // path of the .bpf.c
  friend std::ostream& operator<<(std::ostream& out, const Compiled& one) {
    return out << one.object;
  }
};

std::vector<Compiled> sources_in(const std::string& folder, const std::string& objects) {
  std::vector<Compiled> out;
  for (const auto& entry : fs::directory_iterator(fs::path(SKEP_SOURCE_DIR) / folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".bpf.c")) continue;
    out.push_back(
        {format("{}/build/bpf/{}{}.o", SKEP_SOURCE_DIR, objects, name.substr(0, name.size() - 2)),
         entry.path().string()});
  }
  std::ranges::sort(out, {}, &Compiled::object);
  return out;
}

std::string object_name_of(const testing::TestParamInfo<Compiled>& info) {
  std::string name = fs::path(info.param.source).stem().stem().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

// Others are loaded with it, where tail calls need them.
enum class Load : u8 { everything, one };

// What the kernel says of the program `name` of the object.
bool kernel_accepts(const std::string& path, const std::string& name, Load load, std::string& log) {
  libbpf_set_print(nullptr);
  bpf_object* object = bpf_object__open_file(path.c_str(), nullptr);
  if (object == nullptr) {
    log = "libbpf does not open it";
    return false;
  }
  std::vector<char> text(1 << 20);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object) {
    const bool chosen = name == bpf_program__name(program);
    bpf_program__set_autoload(program, chosen || load == Load::everything);
    if (chosen) bpf_program__set_log_buf(program, text.data(), text.size());
  }
  const int error = bpf_object__load(object);
  bpf_object__close(object);
  log = text.data();
  if (log.size() > 2500) log = "..." + log.substr(log.size() - 2500);
  if (error != 0) log += std::strerror(-error);
  return error == 0;
}

struct Ours {
  bool accepted = false;
  u32 line = 0;
  std::string text;
};

Ours our_verdict(const object::Object& object, const std::string& name) {
  const auto program = object.program(name);
  if (!program.ok()) return {false, 0, program.error().what()};
  const Verdict verdict = verify(*program);
  if (verdict.accepted()) return {true, 0, "accepted"};
  const Report& report = std::get<Report>(verdict.outcome);
  return {false, report.line, to_text(report)};
}

class ObjectsBesideTheKernel : public testing::TestWithParam<Compiled> {};

TEST_P(ObjectsBesideTheKernel, HaveTheSameVerdicts) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const auto object = object::Object::open(GetParam().object);
  ASSERT_TRUE(object.ok()) << object.error().what();
  std::ifstream source(GetParam().source);
  const std::string all{std::istreambuf_iterator<char>(source), {}};
  const bool differs = all.find("// Kernel: accepted because ") != std::string::npos ||
                       all.find("// Kernel: rejected because ") != std::string::npos;
  for (const object::ProgramEntry& entry : object->programs()) {
    const Ours ours = our_verdict(*object, entry.name);
    std::string log;
    const bool theirs = kernel_accepts(GetParam().object, entry.name, Load::everything, log) ||
                        kernel_accepts(GetParam().object, entry.name, Load::one, log);
    EXPECT_EQ(ours.accepted, theirs != differs)
        << entry.name << "\nours: " << ours.text << "\nkernel: " << log;
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, ObjectsBesideTheKernel, testing::ValuesIn(sources_in("bpf", "")),
                         object_name_of);
INSTANTIATE_TEST_SUITE_P(Bad, ObjectsBesideTheKernel,
                         testing::ValuesIn(sources_in("tests/bpf/bad", "bad/")), object_name_of);

class BadPrograms : public testing::TestWithParam<Compiled> {};

TEST_P(BadPrograms, AreRefusedAtTheirLine) {
  std::ifstream source(GetParam().source);
  std::string line;
  std::size_t at = std::string::npos;
  constexpr std::string_view kSays = "Refused at line ";
  while (at == std::string::npos && std::getline(source, line)) at = line.find(kSays);
  ASSERT_NE(at, std::string::npos) << "it does not say where it is refused";
  const auto object = object::Object::open(GetParam().object);
  ASSERT_TRUE(object.ok()) << object.error().what();
  const Ours ours = our_verdict(*object, object->programs().front().name);
  EXPECT_FALSE(ours.accepted);
  EXPECT_EQ(ours.line, static_cast<u32>(std::atoi(line.c_str() + at + kSays.size()))) << ours.text;
}

INSTANTIATE_TEST_SUITE_P(Bad, BadPrograms, testing::ValuesIn(sources_in("tests/bpf/bad", "bad/")),
                         object_name_of);

}  // namespace
}  // namespace skep::verify
