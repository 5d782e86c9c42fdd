// Functions, what goes by name, and error classes.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/thread/classes.hpp"
#include "stdlib/thread/decoder.hpp"

namespace neap::internal::stdlib::thread {

void Decoder::function() {
  const std::string& code = block();
  const auto upvalues = get<std::uint8_t>();
  const int status = luaL_loadbufferx(L, code.data(), code.size(), "=?", "b");
  if (status == LUA_ERRMEM) lua_error(L);
  if (status != LUA_OK) damaged();
  lua_Debug info;
  lua_pushvalue(L, -1);
  lua_getinfo(L, ">u", &info);
  if (info.nups != upvalues) damaged();
  add_object();
}

void Decoder::function_body(int function) {
  lua_Debug info;
  lua_pushvalue(L, function);
  lua_getinfo(L, ">u", &info);
  for (int upvalue = 1; upvalue <= info.nups; ++upvalue) {
    const Tag next = tag();
    if (next == Tag::joined) {
      joined(function, upvalue);
    } else {
      value(next);
      lua_setupvalue(L, function, upvalue);
    }
  }
}

/// Makes the upvalue the same variable as one of a function whose body has been read.
void Decoder::joined(int function, int upvalue) {
  const auto other = get<std::uint32_t>();
  const int number = get<std::uint8_t>();
  lua_rawgeti(L, objects_, lua_Integer{other} + 1);
  if (!lua_isfunction(L, -1) || lua_getupvalue(L, -1, number) == nullptr) damaged();
  lua_pop(L, 1);
  lua_upvaluejoin(L, function, upvalue, lua_gettop(L), number);
  lua_pop(L, 1);
}

void Decoder::read_place(Place& place) {
  const auto count = get<std::uint8_t>();
  if (count > kMostNames) damaged();
  for (std::size_t i = 0; i < count; ++i) place.add(short_text());
}

void Decoder::named() {
  Place place;
  read_place(place);
  if (place.count == 0) damaged();
  push_place(L, place);
  add_extra();
}

void Decoder::wrapped_function(Tag wrapper) {
  const Tag inner = tag();
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "async");
  if (wrapper == Tag::generator_function) lua_getfield(L, -1, "generator");
  switch (inner) {
    case Tag::function:
    case Tag::object:
    case Tag::extra:
    case Tag::named: value(inner); break;
    default: damaged();
  }
  if (!lua_isfunction(L, -1)) damaged();
  lua_call(L, 1, 1);
  const int below = wrapper == Tag::generator_function ? 2 : 1;
  lua_insert(L, -1 - below);
  lua_pop(L, below);
  add_extra();
}

void Decoder::manager_function() {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "async");
  lua_getfield(L, -1, "contextmanager");
  const Tag inner = tag();
  if (inner != Tag::generator_function && inner != Tag::extra) damaged();
  value(inner);
  if (lua_iscfunction(L, -1) == 0 || lua_getupvalue(L, -1, 1) == nullptr || !lua_isfunction(L, -1)) damaged();
  lua_remove(L, -2);
  lua_call(L, 1, 1);
  lua_replace(L, -3);
  lua_pop(L, 1);
  add_extra();
}

// Classes ----------------------------------------------------------------------------------------------------------

void Decoder::builtin_class() {
  const auto kind = get<std::uint8_t>();
  if (kind >= static_cast<std::uint8_t>(ErrorKind::count_)) damaged();
  push_error_class(L, static_cast<ErrorKind>(kind));
}

/// Leaves the last of the classes on the stack.
void Decoder::made_classes() {
  const auto count = get<std::uint32_t>();
  const Tag base = tag();
  if (base != Tag::builtin_class && base != Tag::extra) damaged();
  value(base);
  if (count == 0 || !is_error_class(L, -1)) damaged();
  open_class_identities(L);
  for (std::uint32_t i = 0; i < count; ++i) made_class();
}

/// Replaces the base on the top of the stack by the class.
void Decoder::made_class() {
  const auto identity = get<std::uint64_t>();
  const std::string_view name = short_text();
  Place place;
  read_place(place);
  const bool known_here = push_class(L, identity);
  bool found = known_here || push_if_loaded(L, place);
  if (found && !is_error_class(L, -1)) {
    lua_pop(L, 1);
    found = false;
  }
  if (!found) {
    lua_pushcfunction(L, bound<make_error_class>);
    push(L, name);
    lua_pushvalue(L, -3);
    lua_call(L, 2, 1);
  }
  if (!known_here) add_class_identity(L, -1, identity);
  lua_remove(L, -2);
  add_extra();
  if (tag() != Tag::table) damaged();
  table();
  if (found) return lua_pop(L, 1);
  lua_pushvalue(L, -2);
  add_to(classes_, 2 * class_count_ + 1);
  lua_pop(L, 1);
  lua_rawseti(L, classes_, 2 * ++class_count_);
}

/// Gives the classes that were made here their fields.
void Decoder::fill_classes() {
  for (lua_Integer i = 1; i <= class_count_; ++i) {
    lua_rawgeti(L, classes_, 2 * i - 1);
    lua_rawgeti(L, classes_, 2 * i);
    const int fields = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, fields) != 0; lua_pop(L, 1)) {
      lua_pushvalue(L, -2);
      lua_pushvalue(L, -2);
      lua_rawset(L, fields - 1);
    }
    lua_settop(L, fields - 2);
  }
}

}  // namespace neap::internal::stdlib::thread
