// Memory that is seen from two places: exactly, by its owner, and through addresses that may be
// wrong, by somebody who must do no harm with them.
//
// The owner's window is a mapping like any other. The guest adds the lower half of an address to
// guest_base(): where that is one of the window, with whatever upper half, the guest reaches the
// same bytes. All other sums, up to 32 KiB beside the 4 GiB that there are, are mapped too, to
// memory that nobody else sees: 64 MiB of it again and again, so that what strays costs no more
// than that. No access of the guest faults, and nobody's signal handlers are needed.
//
// Pages come into being when they are touched, and hold zeros until they are written.
#pragma once

#include <optional>
#include <span>

#include "base/fd.hpp"
#include "base/mapping.hpp"

namespace skep {

// Whether the owner may touch pages that were not shown() to it.
enum class Faults : u8 { make_pages, are_signals };

class TwinMemory {
 public:
  // `bytes`, whole pages, 4 GiB at most; the window does not cross a multiple of 4 GiB. It is at
  // `place`, or anywhere if that is 0. Fault::usage: somebody has mapped something there already.
  // Fault::exhausted: there are not enough addresses (ulimit -v).
  static Result<TwinMemory> create(u64 bytes, u64 place, Faults faults);

  static u64 page_bytes();  // of this machine

  std::span<std::byte> window() { return window_.writable(); }
  u64 guest_base() const { return reinterpret_cast<u64>(guest_.bytes().data()) + kMargin; }
  // Whether the guest may touch those bytes, in the window or astray.
  bool is_guests(u64 address, u64 bytes) const;

  // The part becomes zero, and takes no memory until it is touched again.
  void clear(u64 offset, u64 bytes);
  // With Faults::are_signals, the owner may touch the part from now on, or not any more.
  void show(u64 offset, u64 bytes);
  void hide(u64 offset, u64 bytes);
  // The first byte from `offset` on that is on a page that has come into being; nothing if there is
  // none.
  std::optional<u64> touched(u64 offset) const;

 private:
  static constexpr u64 kMargin = u64{32} << 10;  // as far as a 16-bit offset goes
  TwinMemory(Fd file, Mapping window, Mapping guest, Faults faults)
      : file_(std::move(file)),
        window_(std::move(window)),
        guest_(std::move(guest)),
        faults_(faults) {}

  Fd file_;
  Mapping window_;
  Mapping guest_;
  Faults faults_;
};

}  // namespace skep
