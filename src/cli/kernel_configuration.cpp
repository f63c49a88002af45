// Reading is done with zlib, which reads plain files as well as packed ones. What comes out is
// bounded: a few kilobytes may stand for gigabytes.
#include "cli/kernel_configuration.hpp"

#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::cli {
namespace {

constexpr std::size_t kTextMax = std::size_t{8} << 20;  // real ones have 300 KiB
constexpr unsigned kPiece = 1u << 16;

using Packed = std::unique_ptr<gzFile_s, decltype(&gzclose)>;

}  // namespace

std::string kernel_release() {
  utsname names{};
  return ::uname(&names) == 0 ? names.release : "";
}

Result<std::string> read_configuration(const std::string& path) {
  const Packed file(gzopen(path.c_str(), "rbe"), gzclose);
  if (file == nullptr) return system_error("open", path, errno == 0 ? ENOMEM : errno);
  std::string text;
  std::vector<char> piece(kPiece);
  for (;;) {
    const int count = gzread(file.get(), piece.data(), kPiece);
    if (count < 0) return Error(Fault::malformed, format("cannot read {}: it is damaged", path));
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > kTextMax) {
      return Error(Fault::exhausted, format("{} has more than {} bytes of text", path, kTextMax),
                   "a kernel's configuration is a text of some hundred kilobytes");
    }
  }
}

Result<std::string> this_configuration() {
  const std::array<std::string, 2> places = {"/boot/config-" + kernel_release(), "/proc/config.gz"};
  const auto found = std::ranges::find_if(
      places, [](const std::string& path) { return ::access(path.c_str(), R_OK) == 0; });
  return found == places.end() ? std::string() : read_configuration(*found);
}

}  // namespace skep::cli
