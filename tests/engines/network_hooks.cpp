#include "network_hooks.hpp"

#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.hpp"
#include "kernel_bpf.hpp"
#include "object/requirements.hpp"

namespace skep::network_test {

using kernel::App;
using kernel::Place;

std::string why_not() {
  std::string why = kernel_test::refusal();
  return why.empty() ? enter_network() : why;
}

std::string object_path(const std::string& name) {
  const char* folder = std::getenv("SKEP_NETWORK_OBJECTS");  // NOLINT(concurrency-mt-unsafe)
  if (folder != nullptr) return format("{}/{}", std::string_view(folder), name);
  std::string self(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size());
  self.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return self.substr(0, self.rfind('/') + 1) + name;
}

Result<App> load(const std::vector<std::string>& programs) {
  static const object::Object object =
      object::Object::open(object_path("network_hooks.bpf.o")).value();
  return App::load(object, {.programs = programs});
}

Result<kernel::Link> attach(const App& app, const std::string& program, const Place& place) {
  return kernel::attach(app, *app.program(program), place);
}

u64 hits(const App& app, const std::string& program) {
  const object::Global global = app.object().global("hits_" + program).value();
  const kernel::LoadedMap& map = app.maps()[global.map];
  const u32 key = 0;
  std::vector<std::byte> value(map.spec().value_size);
  bpf_attr lookup = kernel_test::no_attributes();
  lookup.map_fd = static_cast<u32>(map.fd().get());
  lookup.key = reinterpret_cast<u64>(&key);
  lookup.value = reinterpret_cast<u64>(value.data());
  EXPECT_EQ(kernel_test::bpf(BPF_MAP_LOOKUP_ELEM, lookup), 0);
  return Bytes(value).read<le64>(global.offset).value();
}

u32 program_id(const App& app, const std::string& program) {
  bpf_prog_info info{};
  bpf_attr get = kernel_test::no_attributes();
  get.info.bpf_fd = static_cast<u32>(app.program(program)->descriptor.get());
  get.info.info_len = sizeof(info);
  get.info.info = reinterpret_cast<u64>(&info);
  EXPECT_EQ(kernel_test::bpf(BPF_OBJ_GET_INFO_BY_FD, get), 0);
  return info.id;
}

bool program_exists(u32 id) {
  bpf_attr open = kernel_test::no_attributes();
  open.prog_id = id;
  const s64 opened = kernel_test::bpf(BPF_PROG_GET_FD_BY_ID, open);
  if (opened >= 0) ::close(static_cast<int>(opened));
  return opened >= 0;
}

void expect_refused(const App& app, const std::string& program, const Place& place,
                    const Expected& expected) {
  const auto link = attach(app, program, place);
  ASSERT_FALSE(link.ok()) << link->where();
  const Error& error = link.error();
  EXPECT_EQ(error.fault, expected.fault) << error.message;
  EXPECT_NE(error.message.find(expected.message), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find(expected.hint), std::string::npos)
      << error.message << "; " << error.hint;
  EXPECT_TRUE(error.message.starts_with("program " + program)) << error.message;
}
void expect_refused(const std::string& program, const Place& place, const Expected& expected) {
  expect_refused(load({program}).value(), program, place, expected);
}

bool is_older_than(std::string_view release) {
  utsname name{};
  ::uname(&name);
  return object::is_older(name.release, release);
}

bool has_netkit() {
  static const bool is_there = [] {
    const bool is_made = make_interface("netkit0", "netkit");
    if (is_made) set_up("nk0");
    return is_made;
  }();
  return is_there;
}

}  // namespace skep::network_test
