// How Lua owns what is C++'s, for the rooms of interp/embed: a userdata with a pointer to the Payload, null once it is
// closed.
#pragma once

#include "neap/detail/object.hpp"

#include <lua.hpp>

#include <memory>

namespace neap::detail {

// All but collect_payload raise errors of Lua's, and leave the payload to their caller then.

/// Pushes an empty userdata without a metatable, and returns where it has its payload.
Payload** new_slot(lua_State* L);
/// Pushes a userdata of no class that owns the payload.
void push_payload(lua_State* L, std::unique_ptr<Payload>& payload);
/// Pushes an object of its class.
void push_object(lua_State* L, std::unique_ptr<Payload>& payload);
/// Pushes what messages call the class.
void push_class_name(lua_State* L, const TypeTag& type);

/// `__gc` of every such userdata.
int collect_payload(lua_State* L);

}  // namespace neap::detail
