// Makes a failing random program smaller: the choices that its generator made are left out, made
// zero or made smaller as long as it still fails.
//
// A generator takes zeros when its choices run out, so any list of choices is a program, and a
// smaller list is nearly always a smaller one (the way of Hypothesis: MacIver and Donaldson,
// "Test-case reduction via test-case generation", ECOOP 2020).
#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "random_code.hpp"
#include "text/text.hpp"

namespace skep::engines {

using Taken = std::vector<u64>;

// Gives the choices of a list, and zeros behind its end.
class Replay {
 public:
  explicit Replay(Taken choices) : choices_(std::move(choices)) {}
  u64 operator()() { return next_ < choices_.size() ? choices_[next_++] : 0; }

 private:
  Taken choices_;
  std::size_t next_ = 0;
};

// Gives what a generator gives, and writes it down.
class Recorder {
 public:
  Recorder(u64 seed, Taken& taken) : random_(seed), taken_(&taken) {}
  u64 operator()() { return taken_->emplace_back(random_()); }

 private:
  std::mt19937_64 random_;
  Taken* taken_;
};

class Shrinker {
 public:
  using Fails = std::function<bool(const Taken&)>;
  static constexpr u32 kTriesMax = 20'000;

  explicit Shrinker(Fails fails) : fails_(std::move(fails)) {}

  // Precondition: `choices` fail.
  Taken run(Taken choices) {
    best_ = std::move(choices);
    for (std::size_t before = 0; best_.size() + sum() != before && tries_ < kTriesMax;) {
      before = best_.size() + sum();
      for (std::size_t length = best_.size(); length > 0; length /= 2) leave_out(length);
      for (std::size_t length = 8; length > 0; length /= 2) make_zero(length);
      for (std::size_t at = 0; at < best_.size(); ++at) make_smaller(at);
    }
    return best_;
  }

 private:
  // What the passes make smaller, beside the length.
  std::size_t sum() const {
    std::size_t out = 0;
    for (const u64 choice : best_)
      out += static_cast<std::size_t>(64 - __builtin_clzll(choice | 1));
    return out;
  }
  bool take_if_fails(Taken candidate) {
    if (candidate == best_ || tries_++ >= kTriesMax || !fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }
  void leave_out(std::size_t length) {
    for (std::size_t end = best_.size(); end >= length && end > 0;) {
      Taken candidate = best_;
      const auto first = candidate.begin() + static_cast<std::ptrdiff_t>(end - length);
      candidate.erase(first, first + static_cast<std::ptrdiff_t>(length));
      take_if_fails(std::move(candidate));
      end = std::min(end - 1, best_.size());
      if (length > 8) end = end > length / 2 ? end - length / 2 : 0;
    }
  }
  void make_zero(std::size_t length) {
    for (std::size_t at = 0; at + length <= best_.size(); ++at) {
      Taken candidate = best_;
      std::fill_n(candidate.begin() + static_cast<std::ptrdiff_t>(at), length, 0);
      take_if_fails(std::move(candidate));
    }
  }
  // Generators take remainders of small numbers: a choice below 5040 may stand for any of them.
  void make_smaller(std::size_t at) {
    for (const u64 smaller : {u64{1}, u64{2}, u64{3}, u64{4}, u64{5}, best_[at] % 5040}) {
      if (smaller >= best_[at]) continue;
      Taken candidate = best_;
      candidate[at] = smaller;
      if (take_if_fails(std::move(candidate))) return;
    }
  }

  Fails fails_;
  Taken best_;
  u32 tries_ = 0;
};

// What a program is compared by: what differs, or an empty text.
using Differs = std::function<std::string(Random)>;

// The smallest program that differs in the way that the one of `seed` does: its choices.
inline Taken smallest(u64 seed, const Differs& differs) {
  // Without the numbers, which may become others.
  const auto kind_of = [](const std::string& difference) {
    return difference.substr(0, difference.find_first_of("0123456789"));
  };
  Taken taken;
  const std::string kind = kind_of(differs(Recorder(seed, taken)));
  return Shrinker([&](const Taken& choices) { return kind_of(differs(Replay(choices))) == kind; })
      .run(taken);
}

inline std::string listing(const Code& code) {
  std::string out;
  for (u32 at = 0; at < code.size(); ++at)
    out += text::disassemble(code, InstructionIndex(at), text::kPeople, {}) + "\n";
  return out;
}

}  // namespace skep::engines
