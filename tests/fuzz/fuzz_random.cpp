// A program that the generator of tests/engines writes must mean the same in every engine. The
// input is what the generator chooses by, two bytes a choice, so that a failure can be made smaller
// by libFuzzer (-minimize_crash=1).
#include <cstdio>
#include <cstdlib>

#include "random_code.hpp"
#include "text/text.hpp"

namespace {

using namespace skep;

// Spreads two bytes over a number (Steele and others, SplitMix, OOPSLA 2014). Behind the end:
// zeros.
class Bytes {
 public:
  explicit Bytes(std::span<const u8> data) : data_(data) {}
  u64 operator()() {
    u64 out = 0;
    for (u32 at = 0; at < 2 && !data_.empty(); ++at) {
      out = out << 8 | data_[0];
      data_ = data_.subspan(1);
    }
    out *= 0x9e3779b97f4a7c15;
    out = (out ^ out >> 30) * 0xbf58476d1ce4e5b9;
    out = (out ^ out >> 27) * 0x94d049bb133111eb;
    return out ^ out >> 31;
  }

 private:
  std::span<const u8> data_;
};

engines::Outcome outcome(const auto& engine, std::vector<u8> memory) {
  const u64 r0 = engine.run(memory.data(), nullptr);
  return {format("0x{:x}", r0), std::move(memory)};
}

void expect(const engines::Outcome& got, const engines::Outcome& want, const char* engine,
            const isa::Code& code) {
  if (got == want) return;
  std::fprintf(stderr, "%s: %s instead of %s\n", engine, got.result.c_str(), want.result.c_str());
  for (std::size_t at = 0; at < code.size(); ++at) {
    std::fprintf(stderr, "%s\n",
                 text::disassemble(code, isa::InstructionIndex(at), text::kPeople, {}).c_str());
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
  if (size < 4 || size > 4096) return 0;
  const isa::Code code = engines::Generator(Bytes({data, size})).run();
  std::vector<u8> memory(engines::kMemoryBytes);
  for (std::size_t at = 0; at < memory.size(); ++at) memory[at] = static_cast<u8>(data[at % size]);
  const auto facts = engines::facts_of(code, engines::kBase, verify::Region::map_value);
  const auto want = engines::run_confined(interpret::run_confined, code, memory);
  expect(engines::run_confined(jit::run_confined, code, memory), want, "JIT, confined", code);
  expect(outcome(engines::thread(code, {}, facts), memory), want, "threaded code", code);
  expect(outcome(engines::compile(code, {}, engines::Features::present, facts), memory), want,
         "JIT", code);
  expect(outcome(engines::compile(code, {}, engines::Features::baseline), memory), want,
         "JIT, baseline", code);
  return 0;
}
