// The types that a program is relocated against: those of a kernel and its modules, or those of an
// application.
//
// Types are found by essential name, so that `sample___v2` and `sample` are candidates for each
// other. The first BTF that is added is the base (vmlinux); the others are of its modules, which
// are asked only for what the base does not have, as libbpf does. Files are opened without a check
// of every type in them: who walks through them bounds his loops.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "btf/types.hpp"

namespace skep::btf {

// Where a running kernel shows its types.
inline constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";

// The type of the elements of arrays, however many there are in each other; of others, the type.
TypeId element_of(const Types& types, TypeId id);

// Whether types of these kinds may be the same thing in two programs: equal, or both enums.
bool same_core_kind(Kind left, Kind right);

// Types, and how wide the pointers of the machine are that they describe.
struct Machine {
  const Types* types = nullptr;
  u32 pointer_bytes = 8;

  // As Types::size_of, with this machine's pointers.
  Result<u32> size_of(TypeId id) const;
};

struct TargetTypes {
  std::string name;  // of the file, for messages
  std::shared_ptr<const Types> types;
  u32 pointer_bytes = 8;

  Machine machine() const { return {types.get(), pointer_bytes}; }
};

struct Candidate {
  u32 target = 0;  // of Targets::all()
  TypeId id = kVoid;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

class Targets {
 public:
  void add(std::string name, std::shared_ptr<const Types> types);
  // Opens a file; the first one is the base of the others.
  Result<void> open(const std::string& path);

  bool empty() const { return all_.empty(); }
  const std::vector<TargetTypes>& all() const { return all_; }
  const TargetTypes& of(const Candidate& candidate) const { return all_[candidate.target]; }
  // "/sys/kernel/btf/vmlinux", or "... and 3 modules", for messages.
  std::string name() const;
  // How many types a search may have to look at.
  u64 size() const;

  // The types of that essential name and kind, those of the base or else those of the modules. A
  // second search for the same costs nothing. May be called by several threads.
  std::vector<Candidate> candidates(std::string_view essential, Kind kind) const;
  // Names of that kind that are near `wanted`. As candidates() for a second search and threads.
  std::vector<std::string_view> nearest_names(std::string_view wanted, Kind kind) const;

 private:
  // A search goes over all names of a kernel, and each program of an object asks for the same ones.
  struct Memo {
    std::mutex mutex;
    std::map<std::pair<std::string, Kind>, std::vector<Candidate>> candidates;
    std::map<std::pair<std::string, Kind>, std::vector<std::string_view>> nearest_names;
  };

  std::vector<Candidate> search(std::string_view essential, Kind kind) const;
  std::vector<std::string_view> search_near(std::string_view wanted, Kind kind) const;

  std::vector<TargetTypes> all_;
  std::shared_ptr<Memo> memo_ = std::make_shared<Memo>();  // of `all_` as it is
};

}  // namespace skep::btf
