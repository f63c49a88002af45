// A folder that is gone after the test, and commands that run in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

namespace skep::test {

class Scratch {
 public:
  Scratch() {
    char name[] = "/tmp/skep-test-XXXXXX";
    EXPECT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(folder_); }

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

  // The standard output of a command that runs here and must succeed.
  std::string run(const std::string& command) const {
    const std::string line = "cd '" + folder_ + "' && { " + command + "\n} >out.txt 2>err.txt";
    const int status = std::system(line.c_str());
    EXPECT_EQ(status, 0) << command << "\n" << read("err.txt").substr(0, 2000);
    return read("out.txt");
  }

 private:
  std::string folder_;
};

}  // namespace skep::test
