// What cannot cross: the error, with the way from the value that was given to the one that cannot.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/thread/encoder.hpp"

#include <cctype>
#include <string>

namespace neap::internal::stdlib::thread {

namespace {

constexpr std::size_t kLongestKey = 40;  // shown of a key
constexpr std::size_t kLongestDescription = 80;

bool is_identifier(std::string_view name) {
  if (name.empty() || name.size() > kLongestKey || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  for (const char c : name) {
    if (c != '_' && std::isalnum(static_cast<unsigned char>(c)) == 0) return false;
  }
  return true;
}

const char* article(const char* name) { return std::strchr("AEIOaeio", *name) != nullptr ? "an" : "a"; }

}  // namespace

/// Refuses the value at `index`, or writes what it is. Meanwhile Lua's collector stands still: strings are made, and no
/// finalizer may pack anything with the same scratch.
void Encoder::refuse(int index) {
  const bool collecting = lua_gc(L, LUA_GCISRUNNING) != 0;
  lua_gc(L, LUA_GCSTOP);
  push_description(index);
  if (refusal_ == Refusal::raise) push_path(index);
  if (collecting) lua_gc(L, LUA_GCRESTART);
  if (refusal_ == Refusal::raise) {
    const char* path = lua_tostring(L, -1);
    raise(L, ErrorKind::type, "%s is %s, which cannot be copied to another thread", path, lua_tostring(L, -2));
  }
  write_description(lua_tostring(L, -1));
  lua_pop(L, 1);
}

/// Writes "<Stream>" for "a Stream".
void Encoder::write_description(const char* description) {
  std::array<char, kLongestDescription> text{};
  const int size = std::snprintf(text.data(), text.size() - 1, "<%s", std::strchr(description, ' ') + 1);
  const std::size_t last = std::min(static_cast<std::size_t>(size), text.size() - 2);
  text[last] = '>';
  new_text({text.data(), last + 1});
}

/// Pushes what the value is, with its article.
void Encoder::push_description(int index) {
  switch (lua_type(L, index)) {
    case LUA_TTHREAD: lua_pushliteral(L, "a coroutine"); return;
    case LUA_TLIGHTUSERDATA: lua_pushliteral(L, "a light userdata"); return;
    case LUA_TFUNCTION:
      if (lua_iscfunction(L, index) != 0) {
        lua_pushliteral(L, "a C function that is in no module");
      } else {
        lua_pushliteral(L, "a function made by neap");
      }
      return;
    default: break;
  }
  const char* name = type_name(L, index);
  if (lua_istable(L, index) && std::strcmp(name, "table") == 0) {
    lua_pushliteral(L, "a table with a metatable that is in no module");
  } else {
    lua_pushfstring(L, "%s %s", article(name), name);
  }
}

/// Pushes the path to the value at `index`, which belongs to the object whose body is being written.
void Encoder::push_path(int index) {
  luaL_checkstack(L, 20, nullptr);
  std::vector<std::uint32_t>& chain = scratch_.chain;
  chain.clear();
  for (std::uint32_t at = current_; (at & kTop) == 0; at = scratch_.objects[at].parent) chain.push_back(at);
  const std::uint32_t top = chain.empty() ? current_ : scratch_.objects[chain.back()].parent;
  lua_pushfstring(L, "%s %d", what_, static_cast<int>(top & ~kTop));
  for (std::size_t i = chain.size(); i-- > 0;) push_step(i + 1 < chain.size() ? chain[i + 1] : kTop, chain[i]);
  if (chain.empty()) return;
  if (upvalue_ != 0) {
    const char* name = lua_getupvalue(L, body_, upvalue_);
    lua_pop(L, 1);
    lua_pushfstring(L, "'s upvalue %s", name);
  } else if (index == body_ + 1) {
    lua_pushliteral(L, "'s key");
  } else {
    push_key_step(body_ + 1);
  }
  lua_concat(L, 2);
}

/// Adds to the path on the top of the stack how one leads to the other.
void Encoder::push_step(std::uint32_t parent, std::uint32_t child) {
  const int top = lua_gettop(L);
  lua_rawgeti(L, found_, lua_Integer{child} + 1);
  bool found = false;
  if ((parent & kTop) == 0) {
    lua_rawgeti(L, found_, lua_Integer{parent} + 1);
    const bool in_function = scratch_.objects[parent].kind == Kind::function;
    found = in_function ? push_step_in_function(top + 2, top + 1) : push_step_in_table(top + 2, top + 1);
  }
  if (!found) lua_pushliteral(L, "");
  if (scratch_.objects[child].kind == Kind::class_fields) {
    lua_getfield(L, top + 1, "__name");
    lua_pushfstring(L, "%s's class %s", lua_tostring(L, -2), lua_tostring(L, -1));
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  lua_concat(L, 2);
}

namespace {

/// True when the value on the top of the stack is the one at `child`, an instance of it or an async function made of
/// it.
bool leads_to(lua_State* L, int child) {
  const int top = lua_gettop(L);
  const bool further = lua_istable(L, top)       ? lua_getmetatable(L, top) != 0
                       : lua_iscfunction(L, top) ? lua_getupvalue(L, top, 1) != nullptr
                                                 : false;
  const bool same = lua_rawequal(L, top, child) != 0 || (further && lua_rawequal(L, -1, child) != 0);
  lua_settop(L, top);
  return same;
}

}  // namespace

bool Encoder::push_step_in_table(int table, int child) {
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (leads_to(L, child)) {
      push_key_step(lua_gettop(L) - 1);
      return true;
    }
    if (lua_rawequal(L, -2, child) == 0) continue;
    lua_pushliteral(L, "'s key");
    return true;
  }
  return false;
}

bool Encoder::push_step_in_function(int function, int child) {
  for (int number = 1;; ++number) {
    const char* name = lua_getupvalue(L, function, number);
    if (name == nullptr) return false;
    const bool found = leads_to(L, child);
    lua_pop(L, 1);
    if (!found) continue;
    lua_pushfstring(L, "'s upvalue %s", name);
    return true;
  }
}

/// Pushes how the key at `key` is written: ".name", "[3]".
void Encoder::push_key_step(int key) {
  switch (lua_type(L, key)) {
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* name = lua_tolstring(L, key, &size);
      if (is_identifier({name, size})) {
        lua_pushfstring(L, ".%s", name);
      } else {
        lua_pushlstring(L, name, size < kLongestKey ? size : kLongestKey);
        lua_pushfstring(L, "[\"%s%s\"]", lua_tostring(L, -1), size < kLongestKey ? "" : "...");
        lua_remove(L, -2);
      }
      return;
    }
    case LUA_TNUMBER:
      if (lua_isinteger(L, key) != 0) {
        lua_pushfstring(L, "[%I]", lua_tointeger(L, key));
      } else {
        lua_pushfstring(L, "[%f]", lua_tonumber(L, key));
      }
      return;
    case LUA_TBOOLEAN: lua_pushfstring(L, "[%s]", lua_toboolean(L, key) != 0 ? "true" : "false"); return;
    default: lua_pushfstring(L, "[a %s]", luaL_typename(L, key)); return;
  }
}

}  // namespace neap::internal::stdlib::thread
