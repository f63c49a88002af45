// Whose an attachment is that the kernel keeps under a name and not as a bpf_link: filters of
// clsact, routes.
//
// The name says the program, that skep made it, and which process: "count:[skep 4711.2]". tc and ip
// show it, and what is taken away later is found by it, whoever has added what beside it meanwhile.
#pragma once

#include <string>

#include "kernel/attachers.hpp"

namespace skep::kernel {

inline constexpr std::string_view kOwnerMark = ":[skep ";

// Another one at each call. `mark` is a word behind the process, for what else there is to be
// known.
std::string owner_name(const Attachment& at, std::string_view mark = {});

}  // namespace skep::kernel
