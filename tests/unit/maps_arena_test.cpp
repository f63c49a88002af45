// Arenas as their owner makes and sees them, and which pages the kernel's functions give: the
// numbers are those of Linux 6.18 for the same calls (tests/bpf/cli/arena-functions.bpf.c compares
// more of them, run by run).
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "maps/map.hpp"

namespace skep::maps {
namespace {

constexpr u64 kPage = 4096, kGiB = u64{1} << 30;
constexpr u32 kPages = 16;

platform::MapSpec arena_spec(u32 pages = kPages) {
  platform::MapSpec spec;
  spec.name = "memory";
  spec.kind = platform::MapKind::arena;
  spec.max_entries = pages;
  spec.flags = platform::kMappable;
  return spec;
}

// A page of the arena, or -1.
class Pages {
 public:
  explicit Pages(Map& map) : map_(map) {}
  s64 any(u32 count) { return number(arena_alloc(map_.header(), 0, count)); }
  s64 at(s64 page, u32 count, u64 beside = 0) {
    return number(arena_alloc(map_.header(), address(page) + beside, count));
  }
  void free(s64 page, u32 count, u64 beside = 0) {
    arena_free(map_.header(), address(page) + beside, count);
  }
  s64 reserve(s64 page, u32 count, u64 beside = 0) {
    return arena_reserve(map_.header(), address(page) + beside, count);
  }
  std::byte& first(s64 page) { return map_.pages()[static_cast<u64>(page) * kPage]; }

 private:
  u64 begin() const { return map_.arena_place().user_begin; }
  u64 address(s64 page) const { return begin() + static_cast<u64>(page) * kPage; }
  s64 number(u64 address) const {
    return address == 0 ? -1 : static_cast<s64>(address - begin()) / static_cast<s64>(kPage);
  }
  Map& map_;
};

std::string refusal(const platform::MapSpec& spec) {
  const auto made = Map::create(spec, 0);
  return made.ok() ? "" : made.error().message;
}

TEST(Arena, which_ones_can_be_made) {
  EXPECT_EQ(refusal(arena_spec()), "");
  EXPECT_EQ(refusal(arena_spec(0)), "map memory: no entries");
  EXPECT_EQ(refusal(arena_spec(1u << 20)), "");
  EXPECT_EQ(refusal(arena_spec((1u << 20) + 1)), "map memory: 1048577 pages");
  platform::MapSpec spec = arena_spec();
  spec.flags = 0;
  EXPECT_EQ(refusal(spec), "map memory: an arena that cannot be mapped");
  spec.flags = platform::kMappable | 1u << 3;
  EXPECT_EQ(refusal(spec), "map memory: flags 0x8 (BPF_F_RDONLY) are not for a arena");
  spec = arena_spec();
  spec.key_size = 4;
  EXPECT_EQ(refusal(spec), "map memory: a arena has no key");
  spec = arena_spec();
  spec.extra = (u64{1} << 44) + 1;
  EXPECT_EQ(refusal(spec), "map memory: map_extra 0x100000000001");
  spec.extra = 4 * kGiB - kPage;
  EXPECT_EQ(refusal(spec), "map memory: 16 pages from 0xfffff000 on");
  spec = arena_spec(1);
  spec.initial.resize(kPage + 1);
  EXPECT_EQ(refusal(spec), "map memory: 4097 bytes for pages of 4096");
}

TEST(Arena, stands_where_its_definition_says_unless_something_is_there) {
  platform::MapSpec spec = arena_spec();
  spec.extra = (u64{1} << 45) + 3 * kPage;  // not where the sanitizers' shadow is
  auto first = Map::create(spec, 0).value();
  EXPECT_EQ(reinterpret_cast<u64>(first.pages().data()), spec.extra);
  EXPECT_EQ(first.arena_place().user_begin, spec.extra);
  const auto second = Map::create(spec, 0);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().fault, Fault::usage);
  EXPECT_EQ(second.error().message, "map memory: something is mapped at 0x200000003000 already");
}

TEST(Arena, crosses_no_multiple_of_4_gib) {
  std::vector<Map> all;
  for (int n = 0; n < 6; ++n) {
    for (const u32 pages : {1u << 20, 3u << 18, 1u, (1u << 20) - 1}) {
      all.push_back(Map::create(arena_spec(pages), 0).value());
      const u64 first = all.back().arena_place().user_begin;
      EXPECT_EQ(first >> 32, (first + pages * kPage - 1) >> 32);
      if (pages < 1u << 20) EXPECT_NE(first % (4 * kGiB), 0u);  // null is none of its pages
    }
  }
}

TEST(Arena, addresses_that_there_are_not) {
  const auto reserved = Mapping::reserve(0, u64{1} << 50);
  ASSERT_FALSE(reserved.ok());
  EXPECT_EQ(reserved.error().fault, Fault::exhausted);
}

// What the kernel gave for these calls, in this order.
TEST(Arena, gives_the_pages_that_the_kernel_gives) {
  auto map = Map::create(arena_spec(), 0).value();
  Pages pages(map);
  EXPECT_EQ(pages.any(1), 0);
  EXPECT_EQ(pages.any(1), 1);
  EXPECT_EQ(pages.any(3), 2);
  EXPECT_EQ(pages.at(8, 1), 8);
  EXPECT_EQ(pages.at(8, 1), -1);       // taken
  EXPECT_EQ(pages.at(9, 1, 123), -1);  // no page's address
  EXPECT_EQ(pages.at(15, 2), -1);      // beyond the end
  EXPECT_EQ(pages.at(16, 1), -1);
  EXPECT_EQ(pages.at(-1, 1), -1);
  EXPECT_EQ(pages.any(0), -1);
  EXPECT_EQ(pages.any(17), -1);
  EXPECT_EQ(pages.any(10), -1);
  EXPECT_EQ(pages.at(10, 1, u64{1} << 40), 10);  // the upper half says nothing
  EXPECT_EQ(pages.any(1), 9);                    // the smallest range that is long enough
  EXPECT_EQ(pages.any(1), 5);
  pages.free(8, 1);
  EXPECT_EQ(pages.at(8, 1), 8);
  pages.free(8, 0);
  EXPECT_EQ(pages.at(8, 1), -1);
  pages.free(8, 1, 5);  // of the page that the address is in
  EXPECT_EQ(pages.at(8, 1), 8);
  pages.free(8, 1000);  // to the end
  EXPECT_EQ(pages.at(8, 1), 8);
  EXPECT_EQ(pages.at(0, 1), -1);
  pages.free(16, 1);
  pages.free(0, 16);
  pages.free(0, 16);  // again
  EXPECT_EQ(pages.any(16), 0);
  EXPECT_EQ(pages.any(1), -1);
  pages.free(2, 1);
  pages.free(9, 2);
  EXPECT_EQ(pages.any(2), 9);
}

// Of ranges that are as long, the one that changed last. Freeing what is free changes nothing.
TEST(Arena, ties_are_decided_as_the_kernel_does) {
  auto map = Map::create(arena_spec(), 0).value();
  Pages pages(map);
  ASSERT_EQ(pages.any(16), 0);
  pages.free(8, 3);
  pages.free(2, 3);
  EXPECT_EQ(pages.any(1), 2);
  pages.free(2, 1);
  pages.free(8, 1);
  EXPECT_EQ(pages.any(1), 2);
  EXPECT_EQ(pages.any(3), 8);
}

TEST(Arena, reserved_pages_are_given_to_nobody) {
  auto map = Map::create(arena_spec(), 0).value();
  Pages pages(map);
  EXPECT_EQ(pages.reserve(1, 1), 0);
  EXPECT_EQ(pages.reserve(1, 1), -EBUSY);
  EXPECT_EQ(pages.reserve(15, 2), -EINVAL);
  EXPECT_EQ(pages.reserve(16, 1), -EINVAL);
  EXPECT_EQ(pages.reserve(0, 1, 100), 0);  // no page's address: none
  EXPECT_EQ(pages.reserve(3, 0), 0);
  EXPECT_EQ(pages.any(1), 0);
  EXPECT_EQ(pages.any(1), 2);
}

// Pages in front of the arena are none of its: Linux 6.18 gives them away later.
TEST(Arena, frees_what_is_inside) {
  auto map = Map::create(arena_spec(), 0).value();
  Pages pages(map);
  EXPECT_EQ(pages.any(16), 0);
  pages.free(-3, 4);
  EXPECT_EQ(pages.any(1), 0);
  EXPECT_EQ(pages.any(1), -1);
  pages.free(-3, 3);
  EXPECT_EQ(pages.any(1), -1);
}

TEST(Arena, other_maps_have_no_pages) {
  platform::MapSpec spec;
  spec.name = "numbers";
  spec.key_size = 4;
  spec.value_size = 8;
  spec.max_entries = 1;
  auto map = Map::create(spec, 0).value();
  EXPECT_EQ(arena_alloc(map.header(), 0, 1), 0u);
  arena_free(map.header(), map.address(), 1);
  EXPECT_EQ(arena_reserve(map.header(), map.address(), 1), -EINVAL);
  EXPECT_TRUE(map.pages().empty());
  EXPECT_EQ(arena_alloc(Map::create(arena_spec(), 0).value().header(), 0, 0), 0u);
}

TEST(Arena, pages_begin_as_zeros_and_end_so) {
  auto map = Map::create(arena_spec(), 0).value();
  Pages pages(map);
  ASSERT_EQ(pages.any(2), 0);
  std::ranges::fill(map.pages().first(2 * kPage), std::byte{7});
  pages.free(0, 1);
  EXPECT_EQ(pages.any(1), 0);
  const auto is_zero = [](std::byte each) { return each == std::byte{0}; };
  EXPECT_TRUE(std::ranges::all_of(map.pages().first(kPage), is_zero));
  EXPECT_EQ(pages.first(1), std::byte{7});
}

TEST(Arena, what_user_space_touches_is_taken) {
  auto map = Map::create(arena_spec(), 0).value();
  Pages pages(map);
  ASSERT_EQ(pages.any(3), 0);
  pages.first(3) = std::byte{9};
  pages.first(6) = std::byte{9};
  EXPECT_EQ(pages.any(1), 4);
  EXPECT_EQ(pages.at(3, 1), -1);
  EXPECT_EQ(pages.at(5, 2), -1);
  EXPECT_EQ(pages.reserve(6, 1), -EBUSY);
  EXPECT_EQ(pages.any(2), 7);
  pages.free(6, 1);
  EXPECT_EQ(pages.first(6), std::byte{0});
}

TEST(Arena, contents_are_there_and_their_pages_taken) {
  platform::MapSpec spec = arena_spec();
  spec.initial.assign(kPage + 1, std::byte{5});
  auto map = Map::create(spec, 0).value();
  EXPECT_EQ(map.pages()[kPage], std::byte{5});
  EXPECT_EQ(map.pages()[kPage + 1], std::byte{0});
  EXPECT_EQ(Pages(map).any(1), 2);
}

TEST(Arena, touching_a_free_page_is_a_signal_where_that_is_asked_for) {
  platform::MapSpec spec = arena_spec();
  spec.flags |= platform::kSignalOnFault;
  spec.initial.assign(1, std::byte{5});
  auto map = Map::create(spec, 0).value();
  Pages pages(map);
  EXPECT_EQ(pages.first(0), std::byte{5});
  EXPECT_DEATH(pages.first(1) = std::byte{1}, "");
  ASSERT_EQ(pages.any(1), 1);
  pages.first(1) = std::byte{1};
  pages.free(1, 1);
  EXPECT_DEATH(pages.first(1) = std::byte{1}, "");
}

// Every number is half an address that a program may touch, with what an instruction adds to it.
TEST(Arena, strays_do_no_harm) {
  auto map = Map::create(arena_spec(), 0).value();
  Pages pages(map);
  ASSERT_EQ(pages.any(1), 0);
  pages.first(0) = std::byte{42};
  const platform::ArenaPlace place = map.arena_place();
  const auto at = [&](u32 half, s64 offset) {
    return reinterpret_cast<volatile u8*>(place.base + half + static_cast<u64>(offset));
  };
  EXPECT_EQ(*at(static_cast<u32>(place.user_begin), 0), 42);
  for (u64 half = 0; half < 4 * kGiB; half += kGiB / 8) {
    for (const s64 offset : {s64{-32768}, s64{0}, s64{32767 + 7}}) {
      EXPECT_EQ(*at(static_cast<u32>(half), offset), 0) << half;
      EXPECT_TRUE(map.contains(place.base + half + static_cast<u64>(offset), 1));
    }
  }
  *at(0, -32768) = 1;
  *at(0xffffffff, 32767 + 7) = 1;
  EXPECT_EQ(pages.first(0), std::byte{42});
  EXPECT_FALSE(map.contains(place.base - 32769, 1));
  EXPECT_FALSE(map.contains(place.user_begin, 1));  // as user space sees it
}

TEST(Arena, threads_get_pages_of_their_own) {
  constexpr u32 kMany = 4096, kThreads = 4;
  auto map = Map::create(arena_spec(kMany), 0).value();
  std::vector<std::vector<u64>> got(kThreads);
  {
    std::vector<std::jthread> threads;
    for (u32 n = 0; n < kThreads; ++n) {
      threads.emplace_back([&, n] {
        for (u32 count = 0; count < 600; ++count) {
          const u64 page = arena_alloc(map.header(), 0, 1);
          if (count % 3 == 2) {
            arena_free(map.header(), page, 1);
          } else {
            got[n].push_back(page);
          }
        }
      });
    }
  }
  std::vector<u64> all;
  for (const auto& each : got) all.insert(all.end(), each.begin(), each.end());
  std::ranges::sort(all);
  EXPECT_EQ(all.size(), kThreads * 400);
  EXPECT_TRUE(std::ranges::adjacent_find(all) == all.end());
  EXPECT_NE(all.front(), 0u);
}

}  // namespace
}  // namespace skep::maps
