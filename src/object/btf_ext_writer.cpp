#include "object/btf_ext_writer.hpp"

namespace skep::object {

std::vector<std::byte> write_btf_ext(const ExtTables& tables) {
  const auto size = [](const auto& table) { return static_cast<u32>(table.bytes().size()); };
  const u32 functions = size(tables.functions), lines = size(tables.lines),
            relocations = size(tables.core);
  if (functions + lines + relocations == 0) return {};
  const BtfExtHeader header{.magic = kBtfExtMagic,
                            .version = 1,
                            .flags = 0,
                            .header_size = sizeof(BtfExtHeader) + sizeof(CoreHeader),
                            .functions_offset = 0,
                            .functions_size = functions,
                            .lines_offset = functions,
                            .lines_size = lines};
  const CoreHeader core{.offset = functions + lines, .size = relocations};
  std::vector<std::byte> out(sizeof header + sizeof core);
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + sizeof header, &core, sizeof core);
  for (const std::vector<std::byte>* bytes :
       {&tables.functions.bytes(), &tables.lines.bytes(), &tables.core.bytes()}) {
    out.insert(out.end(), bytes->begin(), bytes->end());
  }
  return out;
}

}  // namespace skep::object
