#include "type_files.hpp"

#include <fstream>
#include <memory>
#include <utility>

#include "btf/builder.hpp"

namespace skep {
namespace {

using Buffer = std::vector<std::byte>;

void write(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

std::shared_ptr<const btf::Types> shared(const Buffer& section) {
  return std::make_shared<const btf::Types>(btf::Types::read(Bytes(section)).value());
}

// A module with one structure, which points to a type of its kernel.
Buffer module_of(const std::shared_ptr<const btf::Types>& kernel, btf::TypeId target) {
  btf::Builder module(kernel);
  const btf::TypeId pointer = module.add({.kind = btf::Kind::pointer, .type = target});
  const btf::Member members[] = {{.name = "first", .type = pointer},
                                 {.name = "again", .type = pointer, .bit_offset = 64}};
  module.add({.name = "net_queue", .kind = btf::Kind::structure, .size = 16}, members);
  return module.bytes().value();
}

// A kernel with more types than the one that is there.
std::shared_ptr<const btf::Types> larger(const btf::Types& kernel) {
  btf::Builder out;
  out.append(kernel);
  for (int at = 0; at < 50; ++at) {
    out.add({.name = "far_away", .kind = btf::Kind::integer, .size = 4, .bits = 32});
  }
  return shared(out.bytes().value());
}

}  // namespace

void make_type_files(const std::string& object, const std::string& folder) {
  btf::Builder same;
  same.append(btf::Types::open(object).value());
  const Buffer kernel = same.bytes().value();
  const auto types = shared(kernel);
  write(folder + "/vmlinux", kernel);
  write(folder + "/net", module_of(types, *types->find("task", btf::Kind::structure)));
  const auto other = larger(*types);
  write(folder + "/stranger", module_of(other, other->count() - 1));
  write(folder + "/cut", std::span(kernel).first(kernel.size() / 2));
  Buffer foreign = kernel;
  std::swap(foreign[0], foreign[1]);
  write(folder + "/foreign", foreign);
}

}  // namespace skep
