// libbpf's view of the same types.
#pragma once

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <cstdarg>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"

namespace skep::btf {

using Peer = std::unique_ptr<struct btf, decltype(&btf__free)>;

inline Peer peer_of(std::span<const std::byte> section) {
  libbpf_set_print(nullptr);
  return {btf__new(section.data(), static_cast<u32>(section.size())), btf__free};
}

inline std::vector<std::byte> bytes_of(const Peer& peer) {
  u32 size = 0;
  const auto* data = static_cast<const std::byte*>(btf__raw_data(peer.get(), &size));
  return {data, data + size};
}

inline void append_text(void* out, const char* pattern, va_list arguments) {
  char* text = nullptr;
  if (vasprintf(&text, pattern, arguments) >= 0) static_cast<std::string*>(out)->append(text);
  std::free(text);
}

// All definitions, as bpftool asks for them.
inline std::string c_of(const Peer& peer) {
  std::string out;
  const std::unique_ptr<btf_dump, decltype(&btf_dump__free)> dump(
      btf_dump__new(peer.get(), append_text, &out, nullptr), btf_dump__free);
  EXPECT_NE(dump, nullptr);
  for (u32 id = 1; id < btf__type_cnt(peer.get()); ++id) {
    EXPECT_EQ(btf_dump__dump_type(dump.get(), id), 0) << id;
  }
  return out;
}

}  // namespace skep::btf
