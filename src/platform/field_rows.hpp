// How rows of ContextField are written down: a word for each usual sort of field.
#pragma once

#include <array>
#include <cstddef>

#include "platform/program_types.hpp"

namespace skep::platform {

// Read in any aligned part.
constexpr ContextField readable(std::string_view name, u16 offset, u16 size = 4,
                                Parts parts = Parts::of_reads) {
  return {name, offset, size, FieldKind::number, Access::read, parts};
}
// Read as it is only.
constexpr ContextField whole(std::string_view name, u16 offset, u16 size = 4) {
  return readable(name, offset, size, Parts::none);
}
constexpr ContextField pointer(std::string_view name, u16 offset, FieldKind kind) {
  return {name, offset, 8, kind, Access::read, Parts::none};
}
constexpr ContextField kernel_pointer(std::string_view name, u16 offset,
                                      std::string_view kernel_type) {
  ContextField field = pointer(name, offset, FieldKind::kernel_pointer);
  field.kernel_type = kernel_type;
  return field;
}
constexpr ContextField writable(ContextField field) {
  field.access = Access::read_write;
  return field;
}
constexpr ContextField attached(ContextField field, AttachTypes attach) {
  field.attach = attach;
  return field;
}
constexpr ContextField needing(ContextField field, Privilege privilege) {
  field.privilege = privilege;
  return field;
}
// A plain number that the user engine has: it keeps it where the program looks for it.
constexpr ContextField provided(ContextField field) {
  field.runtime_offset = field.offset;
  field.runtime_size = static_cast<u8>(field.size);
  return field;
}
// An address in four bytes, which the user engine keeps in eight somewhere else.
constexpr ContextField packet_pointer(std::string_view name, u16 offset, FieldKind kind,
                                      std::size_t runtime_offset) {
  return {name, offset, 4, kind, Access::read, Parts::none, static_cast<u16>(runtime_offset), 8};
}

template <std::size_t... Sizes>
constexpr auto joined(const std::array<ContextField, Sizes>&... parts) {
  std::array<ContextField, (Sizes + ...)> out{};
  std::size_t at = 0;
  const auto append = [&](const auto& part) {
    for (const ContextField& field : part) out[at++] = field;
  };
  (append(parts), ...);
  return out;
}

// Eight bytes each, which are read as a whole.
template <std::size_t Count>
constexpr std::array<ContextField, Count> eight_byte_slots(std::string_view name) {
  std::array<ContextField, Count> out{};
  for (std::size_t at = 0; at < Count; ++at) out[at] = whole(name, static_cast<u16>(at * 8), 8);
  return out;
}

// What all views of struct bpf_sock have: a program's context, a socket, what sockets share.
// clang-format off
inline constexpr auto kSocketShared = std::to_array<ContextField>({
    readable("family", 4, 4, Parts::at_start),
    readable("dst_port", 48, 2), whole("dst_port", 48),  // two bytes; four by programs from before 5.18
    readable("dst_ip4", 52), readable("dst_ip6", 56), readable("dst_ip6", 60), readable("dst_ip6", 64), readable("dst_ip6", 68),
    readable("state", 72, 4, Parts::at_start), readable("rx_queue_mapping", 76, 4, Parts::at_start),
});
// clang-format on

}  // namespace skep::platform
