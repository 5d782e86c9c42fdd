// Scripts in an interpreter, for tests of the inside in C++.
#pragma once

#include "interp/interpreter.hpp"

#include <string>

namespace neap::internal::tests {

/// Makes a task of the chunk. It is kept alive on the stack of the interpreter.
Task& spawn(Interpreter& interpreter, const std::string& code);
/// The text of the error with which a task has ended.
std::string error_of(Interpreter& interpreter, const Task& task);
/// 0 when it is no integer.
lua_Integer global_integer(Interpreter& interpreter, const char* name);

}  // namespace neap::internal::tests
