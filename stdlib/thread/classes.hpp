// Error classes on their way between states.
//
// neap's own classes go by their number. A class made by async.class gets an identity when it first crosses, unique in
// the process, and so does the copy of it in the other state: an error that comes back has the class that went. A class
// unknown to the receiver is the one that has the same place in a module there, if that is loaded; else it is made,
// with its base and its fields.
//
// Tag::made_class: u32 classes, of which the first derives from the class mentioned next and each other from the one
// before it; then for each: u64 identity, u8 size and bytes of the name, u8 names and each u8 size and bytes of its
// place (0 names: none), and the mention of a table, whose body has the fields that the script has added. Each is an
// extra.
#pragma once

#include <lua.hpp>

#include <cstdint>

namespace neap::internal::stdlib::thread {

/// Makes the tables of identities, once per state, before anything else here is used.
void open_class_identities(lua_State* L);
/// The identity of the class at `index`; it gets one if it has none.
std::uint64_t class_identity(lua_State* L, int index);
/// Gives the class at `index` one identity more.
void add_class_identity(lua_State* L, int index, std::uint64_t identity);
/// Pushes the class of this state, or nothing and false.
bool push_class(lua_State* L, std::uint64_t identity);

/// The number of neap's own class at `index`, or -1.
int builtin_class(lua_State* L, int index);
/// True when the field of an error class, its key and value on the top of the stack, is one that async.class makes.
bool is_standard_field(lua_State* L, int cls);

}  // namespace neap::internal::stdlib::thread
