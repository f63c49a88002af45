// All of skep for C++ programs: Object (a file), Engine (loads it), App (what was loaded), Link
// (what is attached), Result and Error.
//
// The page docs/manual/embedding.md has a whole program.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "skep/engine.hpp"
