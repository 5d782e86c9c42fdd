// Error reports on stderr, or where the interpreter's reports go, for people:
//
//   neap: wc.lua:12: attempt to index a nil value (local 'file')
//     12 | local size = file.size
//        |              ^^^^
//   stack traceback:
//   	wc.lua:12: in upvalue 'count'
//   	-- task 'Task-3', created at wc.lua:30, awaited by:
//   	wc.lua:31: in main chunk
//
// An error object's causes follow it; the members of an ExceptionGroup stand below it as a tree, each with its
// own excerpt and trace. Reporting never fails: whatever the error's own metamethods do is caught, and for
// want of memory a shorter report is written.
#pragma once

#include <lua.hpp>

#include <string>

namespace neap::internal {

/// Reports the error of the failed or cancelled task at `task`, which nothing caught.
void report_task_error(lua_State* L, int task);

/// Reports a context of the exception handler: {message=, exception=, traceback=, task=}. It is the
/// scheduler's default handler.
void report_context(void*, lua_State* L, int context);

/// What report_context would write, without colours; empty when even that fails.
std::string format_context(lua_State* L, int context);

/// Lua function for the test runner: error, trace or nil, colour, path of the script or nil -> the same report as text.
int format_error(lua_State* L);

/// Lua function: name of a chunk that has no file, text -> nothing. Reports show the text's lines from then on.
int remember_source_of(lua_State* L);

/// Writes "neap: MESSAGE".
void report_message(const char* message);

/// Writes what is wrong with standard output, once.
void report_output_error(int error);

}  // namespace neap::internal
