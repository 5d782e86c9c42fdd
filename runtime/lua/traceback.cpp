#include "runtime/lua/traceback.hpp"

#include <cstring>

namespace neap::internal {

namespace {

constexpr int kHead = 12;  // frames shown of a long trace, first and last
constexpr int kTail = 10;

bool is_internal(const lua_Debug& frame) {
  return std::strncmp(frame.source, kInternalChunk, std::strlen(kInternalChunk)) == 0;
}

/// True when the frame of a C function at `level` was called by the library's own code.
bool has_internal_caller(lua_State* L, int level) {
  lua_Debug caller;
  if (lua_getstack(L, level + 1, &caller) == 0) return false;
  lua_getinfo(L, "S", &caller);
  return is_internal(caller);
}

/// Frames that tell a reader nothing: the library's own, and C frames that it called, or that have no name (task entry
/// points).
bool is_shown(lua_State* L, const lua_Debug& frame, int level) {
  if (is_internal(frame)) return false;
  return *frame.what != 'C' || (*frame.namewhat != '\0' && !has_internal_caller(L, level));
}

/// Pushes what the frame of `of` is: "in function 'name'", "in main chunk", ...
void push_description(lua_State* L, lua_State* of, lua_Debug* frame) {
  lua_getinfo(of, "f", frame);
  if (of != L) lua_xmove(of, L, 1);
  const int function = lua_gettop(L);
  if (push_global_name(L, function)) {
    lua_pushfstring(L, "in function '%s'", lua_tostring(L, -1));
  } else if (*frame->namewhat != '\0') {
    lua_pushfstring(L, "in %s '%s'", frame->namewhat, frame->name);
  } else if (*frame->what == 'm') {
    lua_pushliteral(L, "in main chunk");
  } else if (*frame->what != 'C') {
    lua_pushfstring(L, "in function <%s:%d>", frame->short_src, frame->linedefined);
  } else {
    lua_pushliteral(L, "in ?");
  }
  lua_replace(L, function);
  lua_settop(L, function);
}

/// Adds the frame of `of`, as a line of its own, to the string on the top of the stack.
void add_frame(lua_State* L, lua_State* of, lua_Debug* frame) {
  lua_pushstring(L, lua_rawlen(L, -1) == 0 ? "\t" : "\n\t");
  push_description(L, of, frame);
  if (frame->currentline > 0) {
    lua_pushfstring(L, "%s:%d: %s", frame->short_src, frame->currentline, lua_tostring(L, -1));
  } else {
    lua_pushfstring(L, "%s: %s", frame->short_src, lua_tostring(L, -1));
  }
  lua_remove(L, -2);
  lua_pushstring(L, frame->istailcall != 0 ? "\n\t(...tail calls...)" : "");
  lua_concat(L, 4);
}

/// The number of the outermost frame. lua_getstack takes time proportional to the level, so that stepping
/// through all of a deep stack would take time proportional to its square.
int last_level(lua_State* L) {
  lua_Debug frame;
  int low = 1;
  int high = 1;
  while (lua_getstack(L, high, &frame) != 0) {
    low = high;
    high *= 2;
  }
  while (low < high) {
    const int middle = (low + high) / 2;
    if (lua_getstack(L, middle, &frame) != 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return high - 1;
}

/// Pushes the key, a string, that the function at `function` has in the table on the top of the stack; or nothing and
/// false.
bool push_key_of(lua_State* L, int function) {
  const int table = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_rawequal(L, -1, function) == 0) continue;
    lua_pop(L, 1);
    return true;
  }
  return false;
}

}  // namespace

bool push_global_name(lua_State* L, int function) {
  const int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  // Globals first: `await` is that, and not "async.await" at other times.
  if (lua_getfield(L, -1, LUA_GNAME) == LUA_TTABLE && push_key_of(L, function)) {
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return true;
  }
  lua_settop(L, top + 1);
  for (lua_pushnil(L); lua_next(L, top + 1) != 0; lua_settop(L, top + 2)) {
    if (lua_type(L, top + 2) != LUA_TSTRING || !lua_istable(L, top + 3) || !push_key_of(L, function)) continue;
    lua_pushfstring(L, "%s.%s", lua_tostring(L, top + 2), lua_tostring(L, -1));
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return true;
  }
  lua_settop(L, top);
  return false;
}

void push_traceback(lua_State* L, lua_State* of, int level) {
  lua_pushliteral(L, "");
  const int last = last_level(of);
  const bool cut = last - level > kHead + kTail;
  lua_Debug frame;
  for (int i = level; lua_getstack(of, i, &frame) != 0; ++i) {
    if (cut && i == level + kHead) {
      lua_pushfstring(L, "\n\t... (%d levels left out)", last - kTail - i);
      lua_concat(L, 2);
      i = last - kTail - 1;
      continue;
    }
    lua_getinfo(of, "Slnt", &frame);
    if (is_shown(of, frame, i)) add_frame(L, of, &frame);
  }
}

void push_location(lua_State* L, lua_State* of, int level) {
  lua_Debug frame;
  for (; lua_getstack(of, level, &frame) != 0; ++level) {
    lua_getinfo(of, "Sl", &frame);
    if (*frame.what == 'C' || is_internal(frame)) continue;
    lua_pushfstring(L, "%s:%d", frame.short_src, frame.currentline);
    return;
  }
  lua_pushnil(L);
}

}  // namespace neap::internal
