// The format of bpf_snprintf(), which is read when the program is verified.
//
// It stands in read-only memory; each of its conversions takes eight bytes of the data. Follows
// bpf_bprintf_prepare in kernel/bpf/helpers.c and check_bpf_snprintf_call in kernel/bpf/verifier.c
// of Linux 6.18.
#include "verify/formats.hpp"

#include <algorithm>
#include <cctype>

namespace skep::verify {
namespace {

constexpr u64 kDatumBytes = 8;

bool is_one_of(char c, std::string_view set) {
  return c != '\0' && set.find(c) != std::string_view::npos;
}

bool ends_conversion(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\0' || std::isspace(byte) != 0 || std::ispunct(byte) != 0;
}

bool is_printable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 128 && (std::isprint(byte) != 0 || std::isspace(byte) != 0);
}

// Text that ends: behind its end are zeros.
class Conversions {
 public:
  explicit Conversions(std::string_view format) : format_(format) {}

  // Why the format is none, or empty.
  std::string problem(u64 arguments) {
    for (; at() != '\0'; ++at_) {
      if (!is_printable(at())) return "a character that is not printed";
      if (at() != '%') continue;
      ++at_;
      if (at() == '%') continue;
      if (arguments-- == 0) return "more conversions than there is data";
      if (!conversion())
        return skep::format("a conversion that does not exist, at its byte {}", at_);
    }
    return {};
  }

 private:
  char at(std::size_t behind = 0) const {
    return at_ + behind < format_.size() ? format_[at_ + behind] : '\0';
  }

  // Leaves `at_` at the last character of the conversion.
  bool conversion() {
    while (is_one_of(at(), "0+- ")) ++at_;
    while (std::isdigit(static_cast<unsigned char>(at())) != 0) ++at_;
    if (at() == 'p') return pointer();
    if (at() == 's') return ends_conversion(at(1));
    if (at() == 'c') return true;
    for (int longer = 0; longer < 2 && at() == 'l'; ++longer) ++at_;
    return is_one_of(at(), "iduxX");
  }

  bool pointer() {
    if (is_one_of(at(1), "ku") && at(2) == 's') {
      at_ += 2;
      return ends_conversion(at(1));
    }
    if (ends_conversion(at(1))) return true;
    ++at_;
    if (is_one_of(at(), "KxsSB")) return true;
    const bool is_address = is_one_of(at(), "iI") && is_one_of(at(1), "46");
    ++at_;
    return is_address;
  }

  std::string_view format_;
  std::size_t at_ = 0;
};

}  // namespace

Check check_format(const Analysis& analysis, const State& state, const Call& call) {
  const auto& registers = state.frame().registers;
  const Value& text = registers[isa::kR1 + 2u];
  const platform::MapSpec& map = analysis.map(text.map);
  const auto first = static_cast<std::size_t>(text.offset) + text.number.value();
  const auto* const begin = reinterpret_cast<const char*>(map.initial.data());  // NOLINT: text
  const std::string_view format(begin + first, map.initial.size() - first);
  const u64 bytes = registers[isa::kR5].number.full.umax;
  const auto refuse = [&](std::string reason) {
    return Refusal{Property::helper_argument,
                   skep::format("the format of bpf_{} is none", call.helper.name),
                   std::move(reason),
                   {}};
  };
  if (bytes % kDatumBytes != 0) return refuse("its data are no whole numbers of eight bytes");
  std::string problem = Conversions(format.substr(0, format.find('\0'))).problem(bytes / 8);
  if (problem.empty()) return {};
  return refuse("it has " + std::move(problem));
}

}  // namespace skep::verify
