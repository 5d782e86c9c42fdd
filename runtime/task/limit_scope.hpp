// The scope of async.limit: a LimitGroup for the code of a block and what it starts.
//
//   open ──> left        (the limits hold on for the tasks that the block has left behind)
//
// Leaving it after a limit was exceeded raises the LimitError, which is an error like any other from there on.
#pragma once

#include <lua.hpp>

namespace neap::internal {

/// Lua function `limit{memory=, step=, wall=, tasks=, handles=}`: a scope for the current task.
int new_limit(lua_State* L);
/// Makes the type.
void open_limit(lua_State* L);

}  // namespace neap::internal
