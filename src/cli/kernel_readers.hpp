// What programs in the kernel say while they run: all rings and perf buffers of an app, and what
// iterators print.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/printer.hpp"
#include "kernel/app.hpp"
#include "kernel/attach.hpp"
#include "kernel/perf_buffer.hpp"
#include "kernel/ring.hpp"

namespace skep::cli {

class KernelReaders {
 public:
  static Result<KernelReaders> open(const kernel::App& app);

  void drain(Printer& printer);
  // Until one of them has something, or `most` is over.
  void wait(std::chrono::milliseconds most) const;
  // Records of perf buffers that found no room; nothing where there are no perf buffers.
  std::optional<u64> lost() const;

 private:
  template <class Reader>
  struct Named {
    std::string name;
    btf::TypeId type;
    Reader reader;
  };
  std::vector<Named<kernel::Ring>> rings_;
  std::vector<Named<kernel::PerfBuffer>> buffers_;
};

// Runs an iterator; what it prints is its result.
Result<void> read_iterator(const kernel::Link& link, Output& out);

}  // namespace skep::cli
