// How values are read and written: addresses both ways, BTF-directed encoding against decoding,
// tables that sort and add up, histograms.
//
// The types come from build/bpf/cli/shapes.bpf.o, so that they are what clang makes of real C.
#include <gtest/gtest.h>

#include <cstring>

#include "events/contents.hpp"
#include "events/decode.hpp"
#include "events/encode.hpp"
#include "events/notation.hpp"
#include "events/report.hpp"
#include "events/show.hpp"
#include "maps/map.hpp"
#include "object/object.hpp"

namespace skep::events {
namespace {

const object::Object& shapes() {
  static const object::Object object =
      object::Object::open(SKEP_SOURCE_DIR "/build/bpf/cli/shapes.bpf.o").value();
  return object;
}
const btf::Types& types() { return shapes().types(); }

btf::TypeId structure(std::string_view name) {
  return types().find(name, btf::Kind::structure).value();
}

const platform::MapSpec& spec(std::string_view name) {
  for (const platform::MapSpec& each : shapes().maps()) {
    if (each.name == name) return each;
  }
  throw std::runtime_error("no such map");
}

// ---- notation ----

TEST(Notation, WritesIpv6AsRfc5952Says) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group is not shortened
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of two equal runs
      {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
      {"fe80::ABCD", "fe80::abcd"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"192.0.2.1", "192.0.2.1"},
  };
  for (const auto& [text, expected] : cases) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(ipv6_text(*address), expected);
  }
  EXPECT_FALSE(parse_address("10.0.0"));
  EXPECT_FALSE(parse_address("10.0.0.256"));
  EXPECT_FALSE(parse_address(""));
}

TEST(Notation, WritesTimesWithThreeDigitsThatCount) {
  EXPECT_EQ(nanoseconds_text(0), "0ns");
  EXPECT_EQ(nanoseconds_text(999), "999ns");
  EXPECT_EQ(nanoseconds_text(1500), "1.50us");
  EXPECT_EQ(nanoseconds_text(19'400'000), "19.4ms");
  EXPECT_EQ(nanoseconds_text(250'000'000'000), "250s");
  EXPECT_EQ(nanoseconds_text(1714567890123456789), "12:51:30.123456");
}

TEST(Notation, ReadsMacs) {
  const auto mac = parse_mac("02:00:00:00:00:1F");
  ASSERT_TRUE(mac);
  EXPECT_EQ(mac_text(*mac), "02:00:00:00:00:1f");
  EXPECT_FALSE(parse_mac("02:00:00:00:00"));
  EXPECT_FALSE(parse_mac("02-00-00-00-00-1f"));
}

// ---- what is printed can be set ----

TEST(Encode, TakesWhatIsPrinted) {
  struct Case {
    std::string_view type, text, shown;
  };
  const Case cases[] = {
      {"in6_addr", "2001:db8::1", "2001:db8::1"},
      {"in6_addr", "10.1.2.3", "10.1.2.3"},
      {"prefix", "10.0.0.0/8", "10.0.0.0/8"},
      {"prefix", "10.1.2.3", "10.1.2.3/32"},
      {"prefix", "0.0.0.0/0", "0.0.0.0/0"},
      {"prefix", "2001:db8::/32", "2001:db8::/32"},
      {"prefix", "::/0", "::/0"},
      {"inner", "tcp,80", "{protocol=tcp port=80}"},
      {"inner", "{ipv6-icmp, 0xffff}", "{protocol=ipv6-icmp port=65535}"},
      {"inner", "253,0", "{protocol=253 port=0}"},
  };
  for (const Case& each : cases) {
    const btf::TypeId type = structure(each.type);
    const u32 size = types().size_of(type).value();
    const auto bytes = encode(types(), type, size, each.text);
    ASSERT_TRUE(bytes.ok()) << each.text << ": " << bytes.error().message;
    EXPECT_EQ(to_text(decode(types(), type, Bytes(*bytes))), each.shown) << each.text;
  }
}

TEST(Encode, StoresIpv4PrefixesNinetySixBitsLonger) {
  const auto bytes = encode(types(), structure("prefix"), 20, "10.0.0.0/8").value();
  u32 length = 0;
  std::memcpy(&length, bytes.data() + 16, 4);
  EXPECT_EQ(length, 104u);
}

TEST(Encode, SaysWhatWasExpected) {
  struct Case {
    std::string_view type, text, message;
  };
  const Case cases[] = {
      {"prefix", "10.0.0.1/8", "10.0.0.1/8 has bits set behind its length"},
      {"prefix", "10.0.0.0/33", "expected a prefix length of at most 32, found '10.0.0.0/33'"},
      {"prefix", "somewhere",
       "expected a prefix, as 10.0.0.0/8 or 2001:db8::/32, found 'somewhere'"},
      {"in6_addr", "nobody", "expected an IPv4 or IPv6 address, found 'nobody'"},
      {"in_addr", "::1", "expected an IPv4 address, found '::1'"},
      {"inner", "tcp", "expected 2 members of struct inner: protocol,port, found 'tcp'"},
      {"inner", "tcp,65536", "port: expected an unsigned number of 16 bits, found '65536'"},
      {"inner", "tpc,1", "protocol: expected an unsigned number of 8 bits, found 'tpc'"},
  };
  for (const Case& each : cases) {
    const btf::TypeId type = structure(each.type);
    const auto bytes = encode(types(), type, types().size_of(type).value(), each.text);
    ASSERT_FALSE(bytes.ok()) << each.text;
    EXPECT_EQ(bytes.error().message, each.message);
    EXPECT_EQ(bytes.error().fault, Fault::usage);
  }
}

TEST(Encode, RoundTripsEveryShape) {
  const std::string text =
      "5ms,2001:db8::1,192.0.2.1,10.0.0.1,443,16909060,02:00:00:00:00:1f,{1,2,255},\"a,b\",true,"
      "blue,"
      "5,freezing,-5,18446744073709551615,2.5,0.25,{tcp,80},{1,2,3},{{1,1},{2,2}},5,17,-3,green,7,"
      "10.0.0.0/8,2001:db8::/32,0x1000,'x'";
  const btf::TypeId type = structure("shapes");
  const auto bytes = encode(types(), type, types().size_of(type).value(), text);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message;
  EXPECT_EQ(
      to_line(decode(types(), type, Bytes(*bytes))),
      "source_time=5.00ms source=[2001:db8::1]:443 mapped=192.0.2.1 plain=10.0.0.1 "
      "network=16909060 "
      "source_mac=02:00:00:00:00:1f bytes=01 02 ff text=\"a,b\" flag=true colour=blue no_colour=5 "
      "temperature=freezing negative=-5 large=18446744073709551615 real=2.5 half=0.25 "
      "inner={protocol=tcp port=80} list=[1 2 3] "
      "inners=[{protocol=icmp port=1} {protocol=igmp port=2}] low=5 high=17 below=-3 tint=green "
      "word=7 octets=07 00 00 00 prefix=10.0.0.0/8 network6=2001:db8::/32 pointer=0x1000 "
      "letter=120");
}

TEST(Encode, TakesBytesWhereThereIsNoType) {
  EXPECT_EQ(hexadecimal(Bytes(encode(types(), btf::kVoid, 4, "258").value())), "02 01 00 00");
  EXPECT_EQ(hexadecimal(Bytes(encode(types(), btf::kVoid, 3, "0a ff 00").value())), "0a ff 00");
  EXPECT_FALSE(encode(types(), btf::kVoid, 3, "0aff").ok());
  EXPECT_FALSE(encode(types(), btf::kVoid, 1, "256").ok());
}

// ---- maps ----

std::vector<std::byte> key_of(u32 index) {
  std::vector<std::byte> key(4);
  std::memcpy(key.data(), &index, 4);
  return key;
}

TEST(Contents, AddsUpWhatEachCpuCounted) {
  maps::Map map = maps::Map::create(spec("per_cpu"), 1).value();
  std::vector<std::byte> values(map.user_value_size());
  for (u64 cpu = 0; cpu < maps::kCpuSlots; ++cpu) {
    const u64 count = cpu + 1;
    std::memcpy(values.data() + cpu * 8, &count, 8);
  }
  ASSERT_TRUE(map.update(key_of(2), values, platform::Update::any).ok());
  const auto contents = read_contents(map, types());
  EXPECT_EQ(contents_text(*contents, {}),
            "per_cpu (percpu_array, 1 entry of 4 in use)\n"
            "  key  value\n"
            "    2     36\n");
  EXPECT_EQ(
      contents_json(*contents, 0),
      R"({"type":"map","map":"per_cpu","kind":"percpu_array","entries":[{"key":2,"value":36}]})"
      "\n");
}

TEST(Contents, DrawsHistogramsFromTheFirstToTheLastCount) {
  maps::Map map = maps::Map::create(spec("histogram"), 1).value();
  const auto count = [&](u32 slot, u64 value) {
    std::vector<std::byte> bytes(8);
    std::memcpy(bytes.data(), &value, 8);
    ASSERT_TRUE(map.update(key_of(slot), bytes, platform::Update::any).ok());
  };
  EXPECT_EQ(contents_text(*read_contents(map, types()), {}),
            "histogram (array, log2 histogram of 0 values)\n  empty\n");
  count(6, 412);
  count(8, 103);
  count(31, 1);
  const auto contents = read_contents(map, types());
  const std::string text = contents_text(*contents, {});
  EXPECT_EQ(text.substr(0, text.find("[512")),
            "histogram (array, log2 histogram of 516 values)\n"
            "  [64, 128)      412 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|\n"
            "  [128, 256)       0 |                                        |\n"
            "  [256, 512)     103 |@@@@@@@@@@                              |\n"
            "  ");
  EXPECT_NE(text.find("  [2G, ...)        1 |"), std::string::npos) << text;
  const std::string json = contents_json(*contents, 0);
  EXPECT_TRUE(json.starts_with(R"({"type":"histogram","map":"histogram","buckets":[)"
                               R"({"min":64,"max":127,"count":412},{"min":128,)"))
      << json;
  EXPECT_TRUE(json.ends_with(R"({"min":2147483648,"count":1}]})"
                             "\n"))
      << json;
}

TEST(Contents, SortsHashesByTheirFirstNumberAndCutsAtTheLimit) {
  platform::MapSpec hash = spec("prefixes");
  hash.max_entries = 16;
  hash.value_type = types().find("__u64", btf::Kind::typedef_).value();
  hash.value_size = 8;
  maps::Map map = maps::Map::create(hash, 1).value();
  for (u64 at = 0; at < 5; ++at) {
    const std::string key = format("10.0.{}.0/24", at);
    const u64 count = at == 3 ? 100 : 7;
    std::vector<std::byte> value(8);
    std::memcpy(value.data(), &count, 8);
    ASSERT_TRUE(
        map.update(encode(types(), hash.key_type, 20, key).value(), value, platform::Update::any)
            .ok());
  }
  EXPECT_EQ(contents_text(*read_contents(map, types()), {.rows_max = 3}),
            "prefixes (hash, 5 entries of 16)\n"
            "  key          value\n"
            "  10.0.3.0/24    100\n"
            "  10.0.0.0/24      7\n"
            "  10.0.1.0/24      7\n"
            "  … and 2 more (--limit 0 shows all)\n");
}

TEST(Show, KeepsTheTerminalSafe) {
  EXPECT_EQ(escaped("a\x1b[2J\n\"\\\t\x7f\xc2\x9b\xff é"),
            "a\\x1b[2J\\n\\\"\\\\\\t\\x7f\\xc2\\x9b\\xff é");
}

TEST(Show, PutsPortsBehindTheirAddresses) {
  const Record record{{"source", {Address{"2001:db8::1"}}},
                      {"destination", {Address{"10.0.0.1"}}},
                      {"source_port", {u64{53}}},
                      {"destination_port", {u64{0}}},
                      {"other_port", {u64{7}}}};
  EXPECT_EQ(to_line({record}), "source=[2001:db8::1]:53 destination=10.0.0.1 other_port=7");
}

}  // namespace
}  // namespace skep::events
