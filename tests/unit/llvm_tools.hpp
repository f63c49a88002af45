// LLVM 19 as an oracle for assembly: a scratch folder and the children that run in it.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"

namespace skep::test {

class LlvmTools : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* tool : {"llvm-mc-19", "llvm-objdump-19", "llvm-readelf-19"}) {
      if (std::system((std::string(tool) + " --version >/dev/null 2>&1").c_str()) != 0) {
        GTEST_SKIP() << tool << " is not installed (package llvm-19): NOT CHECKED against LLVM";
      }
    }
    char name[] = "/tmp/skep-llvm-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  void write(const std::string& name, std::span<const std::byte> bytes) const {
    write(name, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // The standard output of a command that runs in the scratch folder and must succeed.
  std::string run(const std::string& command) const {
    const std::string line = "cd " + folder_ + " && " + command + " >out.txt 2>err.txt";
    const int status = std::system(line.c_str());
    EXPECT_EQ(status, 0) << command << "\n" << read("err.txt").substr(0, 2000);
    return read("out.txt");
  }

  // What stands right of the encoding in each line of `llvm-objdump -d`, without "<.text+0x8>".
  static std::vector<std::string> objdump_texts(const std::string& listing) {
    std::vector<std::string> out;
    std::istringstream lines(listing);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t colon = line.find(":\t");
      const std::size_t text = line.find('\t', colon == std::string::npos ? 0 : colon + 2);
      if (colon == std::string::npos || text == std::string::npos) continue;
      std::string found = line.substr(text + 1);
      if (const std::size_t symbol = found.find(" <."); symbol != std::string::npos) {
        found.resize(symbol);
      }
      out.push_back(found);
    }
    return out;
  }

 private:
  std::string folder_;
};

}  // namespace skep::test
