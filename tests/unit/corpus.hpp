// BPF objects of others: compiled files in folders, and those inside of programs.
//
// A program that was built with a skeleton carries its object as bytes in its own data; such bytes
// are found by what an ELF header for BPF begins with, and end where their table of sections does
// or their last section.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace skep::object {

struct CorpusObject {
  std::string name;
  std::vector<std::byte> bytes;
};

// The files of a folder that end in .o, by name.
std::vector<CorpusObject> objects_of_folder(const std::filesystem::path& folder);

// The objects inside of a program's file; empty when there are none or it cannot be read.
std::vector<CorpusObject> objects_inside(const std::filesystem::path& program);

// The files that a Debian package has installed.
std::vector<std::filesystem::path> files_of_package(const std::string& package);

}  // namespace skep::object
