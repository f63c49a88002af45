// Console blocks of Markdown pages: commands and what they print.
//
// A block is fenced by ```console. Its lines that begin with "$ " are commands, a line that begins
// with "> " continues the command before it; what follows, until the next command, is what the
// command prints on both outputs. In what is printed, `…` stands for any text of one line, and a
// line that is `…` alone for any number of lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skep::docs {

using Lines = std::vector<std::string>;

struct Command {
  std::string text;
  Lines shown;
};

struct Block {
  std::size_t begin = 0;  // the page's lines [begin, end) are the block's, without its fences
  std::size_t end = 0;
  std::vector<Command> commands;
};

Lines lines_of(std::string_view text);
std::vector<Block> blocks_of(const Lines& page);

bool matches(const Lines& shown, const Lines& printed);

struct Ran {
  Lines printed;
  int code = 0;
};

// Runs the commands one after the other in one shell in `folder`, `skep` being on its PATH.
std::vector<Ran> run(const Block& block, const std::string& folder);

}  // namespace skep::docs
