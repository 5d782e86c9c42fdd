// What is done while memory fails.
#pragma once

#include "tests/reliability/memory/failure.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace neap::internal::tests::memory {

struct Run {
  Plan plan;
  std::uint64_t n = 0;
  /// The scenario has been through once without any failure, in the same interpreter: what it needs is loaded.
  bool warm = false;
};

/// What came of one run. An interpreter was made for it, and is gone.
struct Outcome {
  std::string error;    // what the code that ran was told; empty: it came to its end
  std::string problem;  // what must not be: the interpreter cannot be used afterwards, or something is left in it
};

struct Scenario {
  std::string name;
  std::function<Outcome(const Run&)> run;
};

std::vector<Scenario> lua_scenarios();
std::vector<Scenario> embedding_scenarios();

}  // namespace neap::internal::tests::memory
