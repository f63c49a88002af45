#include "skep/ring.hpp"

#include <algorithm>

#include "api/engine_app.hpp"

namespace skep {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(24 * 365);  // so that no sum overflows

Result<detail::Reader*> reader_of(const detail::Named& at) {
  return at.app->reader(TRY(at.app->number_of(at.name)));
}

milliseconds left_until(Clock::time_point end) {
  return std::chrono::ceil<milliseconds>(end - Clock::now());
}

}  // namespace

Result<std::uint64_t> RingBytes::drain(
    const std::function<void(std::span<const std::byte>)>& take) {
  return TRY(reader_of(at_))->drain(take);
}

Result<bool> RingBytes::wait(milliseconds most) const {
  const detail::Reader& reader = *TRY(reader_of(at_));
  const auto end = Clock::now() + std::min(most, kLongest);
  auto woken = detail::Reader::Woken::look;
  while (!reader.has_records()) {
    const milliseconds left = left_until(end);
    if (left.count() <= 0 || woken == detail::Reader::Woken::by_signal) return false;
    woken = reader.sleep(left);
  }
  return true;
}

Result<int> RingBytes::fd() const { return TRY(reader_of(at_))->fd(); }
Result<std::uint64_t> RingBytes::lost() const { return TRY(reader_of(at_))->lost(); }

}  // namespace skep
