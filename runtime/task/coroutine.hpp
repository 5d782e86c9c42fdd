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

namespace neap {

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

}  // namespace neap
