#include "cli/inflate.hpp"

#include <zlib.h>

namespace skep::cli {

Result<std::vector<std::byte>> inflate(Bytes packed, u64 size) {
  std::vector<std::byte> out(size);
  uLongf written = size;
  const int code = ::uncompress(reinterpret_cast<Bytef*>(out.data()), &written,
                                reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (code == Z_OK && written == size) return out;
  return Error(Fault::malformed,
               format("it is damaged: it does not unpack to {}", counted(size, "byte")));
}

}  // namespace skep::cli
