// The list of differences itself: what it finds new, gone, changed or unexplained.
#include "selftests/verdict_table.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/scratch.hpp"

namespace skep::selftests {
namespace {

using Judge = Differences::Judge;

Comparison one(std::string name, Said ours, Said kernel) {
  Comparison out;
  out.name = std::move(name);
  out.ours = ours;
  out.kernel = kernel;
  if (ours == Said::rejected) {
    out.property = "null-check";
    out.message = "r1 may be null";
  }
  return out;
}

const Comparison kFalseReject = one("a.c: reject", Said::rejected, Said::accepted);
const Comparison kFalseAccept = one("b.c: accept", Said::accepted, Said::rejected);

Differences list_of(const std::string& rows) {
  const test::Scratch folder;
  const std::string path = folder.path("list.tsv");
  std::ofstream(path) << "# kernel 6.18\n# words\n" << rows;
  return Differences::read(path).value();
}

const std::string kRows =
    "a.c: reject\trejected\taccepted\t-\tnull-check: r1 may be null\n"
    "b.c: accept\taccepted\trejected\t-\tpolicy: because\n";

TEST(VerdictTable, WhatIsListedIsNoComplaint) {
  EXPECT_EQ(list_of(kRows).release(), "6.18");
  EXPECT_EQ(list_of(kRows).complaints({kFalseReject, kFalseAccept}, Judge::kernel).size(), 0u);
}

TEST(VerdictTable, NewGoneChangedAndUnexplainedDifferencesAreComplaints) {
  const auto complaint = [](const std::string& rows, const std::vector<Comparison>& all) {
    const auto found = list_of(rows).complaints(all, Judge::kernel);
    return found.size() == 1 ? found[0] : std::to_string(found.size()) + " complaints";
  };
  const auto has = [](const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos ? "" : text;
  };
  EXPECT_EQ(has(complaint("", {kFalseAccept}), "a new difference"), "");
  const Comparison same = one(kFalseReject.name, Said::accepted, Said::accepted);
  EXPECT_EQ(has(complaint(kRows, {same, kFalseAccept}), "a listed difference is gone"), "");
  EXPECT_EQ(has(complaint(kRows, {kFalseReject}), "there is no such program"), "");
  Comparison other = kFalseReject;
  other.property = "stack-bounds";
  EXPECT_EQ(has(complaint(kRows, {other, kFalseAccept}), "rejected by stack-bounds"), "");
  const Comparison turned = one(kFalseAccept.name, Said::rejected, Said::accepted);
  EXPECT_EQ(has(complaint(kRows, {kFalseReject, turned}), "not as it is listed"), "");
  const std::string unknown = "b.c: accept\taccepted\trejected\t-\t?\n";
  EXPECT_EQ(has(complaint(unknown, {kFalseAccept}), "does not say why"), "");
}

TEST(VerdictTable, WithoutTheKernelOursAreComparedWithTheList) {
  Comparison now = one(kFalseReject.name, Said::rejected, Said::nothing);
  EXPECT_EQ(list_of(kRows).complaints({now, kFalseAccept}, Judge::file).size(), 0u);
  now.ours = Said::accepted;
  EXPECT_EQ(list_of(kRows).complaints({now, kFalseAccept}, Judge::file).size(), 1u);
}

TEST(VerdictTable, WritingKeepsWhatWasWrittenAndAsksForTheRest) {
  const test::Scratch folder;
  const std::string path = folder.path("list.tsv");
  const Comparison fresh = one("c.c: fresh", Said::accepted, Said::rejected);
  ASSERT_TRUE(list_of(kRows).write(path, "6.18", {kFalseReject, kFalseAccept, fresh}).ok());
  const Differences again = Differences::read(path).value();
  EXPECT_EQ(again.find(kFalseReject.name)->why, "null-check: r1 may be null");
  EXPECT_EQ(again.find(kFalseAccept.name)->why, "policy: because");
  EXPECT_EQ(again.find(fresh.name)->why, "?");
}

TEST(VerdictTable, ALineWithTooFewColumnsIsAnError) {
  const test::Scratch folder;
  const std::string path = folder.path("list.tsv");
  std::ofstream(path) << "name\taccepted\n";
  EXPECT_EQ(Differences::read(path).error().message, path + ":1: 2 columns instead of 5");
}

}  // namespace
}  // namespace skep::selftests
