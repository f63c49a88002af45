#include "damaged_files.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

namespace skep {
namespace {

// Offsets in the ELF64 header and in a section header (ELF gABI).
constexpr std::size_t kDataEncoding = 5, kMachine = 18, kSectionTable = 40;
constexpr std::size_t kSectionHeaderBytes = 64, kSectionOffset = 24;
constexpr char kBigEndian = 2, kX86 = 62;

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

std::string with_byte(std::string contents, std::size_t at, char byte) {
  contents.at(at) = byte;
  return contents;
}

// Section 3 begins where section 2 does.
std::string with_overlap(std::string contents) {
  std::uint64_t table = 0;
  std::memcpy(&table, contents.data() + kSectionTable, sizeof table);
  char* second = contents.data() + table + 2 * kSectionHeaderBytes + kSectionOffset;
  std::memcpy(second + kSectionHeaderBytes, second, 8);
  return contents;
}

}  // namespace

void make_damaged_files(const std::string& object, const std::string& folder) {
  const std::string good = contents_of(object);
  write(folder + "/cut.o", good.substr(0, good.size() / 2));
  write(folder + "/cut-header.o", good.substr(0, 20));
  write(folder + "/wrong-machine.o", with_byte(good, kMachine, kX86));
  write(folder + "/big-endian.o", with_byte(good, kDataEncoding, kBigEndian));
  write(folder + "/overlap.o", with_overlap(good));
  write(folder + "/text.o", "this is no object\n");
  write(folder + "/empty.o", "");
}

}  // namespace skep
