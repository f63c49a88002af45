// What `skep verify --corpus` finds out about many programs, and how it is shown.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "btf/targets.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::cli {

struct KernelSays {
  bool accepted = false;
  u64 time_us = 0;    // as its log says; of accepted programs
  std::string error;  // why not, in a line
};

struct CorpusRow {
  std::size_t object = 0;  // in Corpus::objects
  std::string program;
  std::string failure;  // why it could not be verified at all
  bool accepted = false;
  std::string property;  // of a refusal
  std::size_t instructions = 0;
  verify::Work work{};
  std::optional<u64>
      memory_bytes{};  // that its verification took at most; where it can be measured
  std::optional<KernelSays> kernel{};
};

struct CorpusObject {
  std::string path;
  std::optional<object::Object> object;
  std::string failure;
};

struct Corpus {
  std::vector<CorpusObject> objects;
  std::vector<CorpusRow> rows;
};

// What all programs are verified with.
struct CorpusSetting {
  verify::Limits limits{};
  const btf::Targets* targets = nullptr;
  u64 jobs = 1;
};

Result<std::shared_ptr<const platform::Program>> program_of(const Corpus& corpus,
                                                            const CorpusSetting& setting,
                                                            const CorpusRow& row);

// Fills `memory_bytes` of each row (corpus_memory.cpp says how). Rows stay without it where the
// system does not tell.
void measure_memory(Corpus& corpus, const CorpusSetting& setting);

// ---- what they took together

class GeometricMean {
 public:
  void add(double value) {
    sum_ += std::log(value);
    ++count_;
  }
  u64 count() const { return count_; }
  double value() const { return count_ == 0 ? 0 : std::exp(sum_ / static_cast<double>(count_)); }

 private:
  double sum_ = 0;
  u64 count_ = 0;
};

inline constexpr std::size_t kLongProgram = 100;  // means are over programs of more instructions

struct CorpusSummary {
  u64 programs = 0, accepted = 0, rejected = 0, failed = 0;
  GeometricMean time_us;           // of long programs that are accepted
  GeometricMean kernel_by_ours{};  // the same, where the kernel accepts them too
  const CorpusRow* worst = nullptr;
  const CorpusRow* largest = nullptr;  // by memory; null where it was not measured
};
CorpusSummary summary_of(const Corpus& corpus);

// ---- lines, each with its end

std::string row_text(const Corpus& corpus, const CorpusRow& row);
std::string row_json(const Corpus& corpus, const CorpusRow& row);
std::string summary_text(const Corpus& corpus, const CorpusSummary& summary);
std::string summary_json(const Corpus& corpus, const CorpusSummary& summary);

}  // namespace skep::cli
