// Attaching to USDT probes: one uprobe a place, whose cookie is the number of the specification of
// its arguments.
//
// The object has two maps for that from libbpf's usdt.bpf.h: __bpf_usdt_specs, where bpf_usdt_arg()
// finds what to read, and a second one for kernels without cookies (before 5.15), which are refused
// here.
#include <unistd.h>

#include <cstring>

#include "base/text.hpp"
#include "kernel/attachers.hpp"
#include "kernel/usdt_notes.hpp"

namespace skep::kernel {
namespace {

// struct __bpf_usdt_spec.
struct ArgumentSpec {
  le64 value;
  le32 kind;
  le16 register_offset;
  u8 is_signed, bit_shift;
};
struct UsdtSpec {
  ArgumentSpec arguments[kUsdtArgumentsMax];
  le64 cookie;
  le16 count;
  u8 padding[6];
};
static_assert(sizeof(UsdtSpec) == 208);

UsdtSpec spec_of(const UsdtPlace& place, u64 cookie) {
  UsdtSpec spec{};
  spec.cookie = cookie;
  spec.count = static_cast<u16>(place.arguments.size());
  for (std::size_t number = 0; number < place.arguments.size(); ++number) {
    const UsdtArgument& from = place.arguments[number];
    ArgumentSpec& to = spec.arguments[number];
    to.value = static_cast<u64>(from.value);
    to.kind = static_cast<u32>(from.kind);
    to.register_offset = from.register_offset;
    to.is_signed = from.is_signed ? 1 : 0;
    to.bit_shift = static_cast<u8>(64 - from.bytes * 8);
  }
  return spec;
}

Result<const LoadedMap*> specs_of(const App& app) {
  const LoadedMap* specs = app.map("__bpf_usdt_specs");
  if (specs == nullptr || specs->spec().value_size != sizeof(UsdtSpec)) {
    return Error(Fault::unsupported, "the object has no map __bpf_usdt_specs of 208 bytes a value",
                 "write the program with bpf/usdt.bpf.h of libbpf");
  }
  return specs;
}

// Puts what the place's arguments are into the map; its key is the cookie that the program asks
// for.
Result<u32> publish(const App& app, const LoadedMap& specs, const UsdtPlace& place, u64 cookie) {
  const u32 number = app.next_usdt_number();
  if (number >= specs.spec().max_entries) {
    return Error(Fault::exhausted, format("it has more than {} places", specs.spec().max_entries),
                 "define BPF_USDT_MAX_SPEC_CNT before including usdt.bpf.h");
  }
  const le32 key = number;
  const UsdtSpec spec = spec_of(place, cookie);
  TRY(update_element(specs.fd(), &key, &spec, "write the arguments of a usdt probe"));
  return number;
}

// The file is closed again before its probes are attached: the kernel takes a mapping of it for one
// more place where it is loaded, and if that is in the process that is traced, raises its
// semaphores twice.
Result<std::vector<UsdtPlace>> places_in(const std::string& path, const platform::Target& target) {
  const UserFile file = TRY(UserFile::open(path));
  return usdt_places(file, target.provider, target.name);
}

}  // namespace

Result<Link> attach_usdt(const Attachment& at) {
  const std::string path = TRY(find_binary(at.target.place));
  const auto places = TRY(places_in(path, at.target));
  const LoadedMap* specs = TRY(specs_of(at.app));
  Link link = at.link(format("{}:{}:{} ({})", path, at.target.provider, at.target.name,
                             counted(places.size(), "place")));
  for (const UsdtPlace& each : places) {
    Place place = at.place;
    place.cookie = TRY(publish(at.app, *specs, each, at.place.cookie));
    Attachment one{at.app, at.program, place, at.target, Hook::uprobe, each.semaphore};
    one.target.place = path;
    one.target.name = format("{}", each.offset);
    link.take(TRY(attach_uprobe(one)));
  }
  return link;
}

}  // namespace skep::kernel
