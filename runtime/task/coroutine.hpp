// The coroutine library, aware of the scheduler.
//
// When code inside a user's coroutine waits, the whole chain of coroutines is suspended down to the task, and
// resumed with it: whoever resumed the coroutine sees nothing. So an ordinary Lua generator may wait between
// its yields.
//
// Each coroutine runs its function below a lua_pcallk of its own, so that `<close>` variables run while the
// error unwinds, where they may wait; Lua itself would run them later, where they may not.
#pragma once

#include <lua.hpp>

namespace neap::internal {

int coroutine_create(lua_State* L);
int coroutine_resume(lua_State* L);
int coroutine_wrap(lua_State* L);
int coroutine_yield(lua_State* L);
int coroutine_status(lua_State* L);
int coroutine_running(lua_State* L);
int coroutine_isyieldable(lua_State* L);
/// Closes; what is nested too deep is put off and answered with true.
int coroutine_close(lua_State* L);
/// A coroutine whose close was put off, or nil; nil as well while the C stack is still deep.
int coroutine_next_put_off(lua_State* L);

/// Replaces the functions of the global table `coroutine`, and pcall, xpcall and error.
void open_protected_calls(lua_State* L);

/// True when the value is the error by which the running coroutine is being closed. Nothing catches it.
bool is_closing_error(lua_State* L, int index);

// What generators are made of as well.

enum class Outcome { yielded, returned, failed, waiting };

/// Pushes a coroutine of the function at the index. Its first resume takes two values more than the function does.
lua_State* push_new_coroutine(lua_State* L, int function);
/// Runs `coroutine` with `count` arguments, already on its stack, until it yields, ends or waits. Then
/// `*results` values are on its stack (the error when it failed).
Outcome run_coroutine(lua_State* L, lua_State* coroutine, int count, int* results);
/// Why the coroutine cannot be resumed, or null.
const char* resume_obstacle(lua_State* L, lua_State* coroutine);
/// Moves the results to `L`. Returns their number, or -1 with a message.
int take_results(lua_State* L, lua_State* coroutine, int results);
/// True when the coroutine is suspended in neap's own yield, where it can be told to close or be given an error.
bool yielded_here(lua_State* coroutine);
/// True when closes have nested so deep that the next one must be put off.
bool closes_too_deep(lua_State* L);
/// Leaves the close of the coroutine at the index to the closes further out.
void put_off_close(lua_State* L, int coroutine);

}  // namespace neap::internal
