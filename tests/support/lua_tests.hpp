// Tests written in Lua: every *_test.lua below tests/.
//
// A file calls `test("name", function() ... end)` or `test("name", {clock = "real"}, fn)`. Each test runs in an
// interpreter of its own, as the main task, under the virtual clock unless it asks for the real one, and fails
// when it leaves a task, a timer or an open handle behind. tests/support/harness.lua has the helpers.
#pragma once

#include <string>

namespace neap::internal::tests {

/// Registers each test of each file with Catch2. A file that cannot be loaded becomes a failing test.
void register_lua_tests(const std::string& directory);

}  // namespace neap::internal::tests
