// concat, insert, remove, move and sort of the library `table`: a table may lie about its length, and each of its
// elements may be a call.
#include "runtime/lua/bind.hpp"
#include "stdlib/base/bounded.hpp"

#include <climits>

namespace neap::internal::stdlib {

namespace {

// The stock functions, the same in every state.
struct Stock {
  lua_CFunction concat;
  lua_CFunction insert;
  lua_CFunction remove;
  lua_CFunction move;
  lua_CFunction sort;
};
Stock g_stock;

/// Leaves errors about a wrong first argument to the stock function.
bool is_plain_call(lua_State* L) { return is_limited(L) && lua_istable(L, 1); }

void copy(lua_State* L, int from_table, lua_Integer from, int to_table, lua_Integer to) {
  look_at_limits(L);
  lua_geti(L, from_table, from);
  lua_seti(L, to_table, to);
}

void add_element(lua_State* L, luaL_Buffer& buffer, lua_Integer index) {
  look_at_limits(L);
  lua_geti(L, 1, index);
  if (lua_isstring(L, -1) == 0) {
    luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1),
               static_cast<LUAI_UACINT>(index));
  }
  luaL_addvalue(&buffer);
}

int table_concat(lua_State* L) {
  if (!is_plain_call(L)) return g_stock.concat(L);
  std::size_t size = 0;
  const char* separator = luaL_optlstring(L, 2, "", &size);
  lua_Integer index = luaL_optinteger(L, 3, 1);
  const lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (; index < last; ++index) {
    add_element(L, buffer, index);
    luaL_addlstring(&buffer, separator, size);
  }
  if (index == last) add_element(L, buffer, index);
  luaL_pushresult(&buffer);
  return 1;
}

int table_insert(lua_State* L) {
  if (!is_plain_call(L) || lua_gettop(L) != 3) return g_stock.insert(L);
  const lua_Integer position = luaL_checkinteger(L, 2);
  const auto end = static_cast<lua_Integer>(static_cast<lua_Unsigned>(luaL_len(L, 1)) + 1);
  luaL_argcheck(L, static_cast<lua_Unsigned>(position) - 1 < static_cast<lua_Unsigned>(end), 2,
                "position out of bounds");
  for (lua_Integer i = end; i > position; --i) copy(L, 1, i - 1, 1, i);
  lua_seti(L, 1, position);
  return 0;
}

int table_remove(lua_State* L) {
  if (!is_plain_call(L) || lua_isnoneornil(L, 2)) return g_stock.remove(L);
  const lua_Integer length = luaL_len(L, 1);
  lua_Integer position = luaL_checkinteger(L, 2);
  const bool inside =
      position == length || static_cast<lua_Unsigned>(position) - 1 <= static_cast<lua_Unsigned>(length);
  luaL_argcheck(L, inside, 2, "position out of bounds");
  lua_geti(L, 1, position);
  for (; position < length; ++position) copy(L, 1, position + 1, 1, position);
  lua_pushnil(L);
  lua_seti(L, 1, position);
  return 1;
}

int table_move(lua_State* L) {
  if (!is_plain_call(L)) return g_stock.move(L);
  const lua_Integer first = luaL_checkinteger(L, 2);
  const lua_Integer last = luaL_checkinteger(L, 3);
  const lua_Integer to = luaL_checkinteger(L, 4);
  const int target = lua_isnoneornil(L, 5) ? 1 : 5;
  if (target == 5 && !lua_istable(L, 5)) return g_stock.move(L);
  if (last >= first) {
    luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
    const lua_Integer count = last - first + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    const bool overlaps = to > first && to <= last && (target == 1 || lua_compare(L, 1, target, LUA_OPEQ) != 0);
    for (lua_Integer i = 0; i < count; ++i) {
      const lua_Integer at = overlaps ? count - 1 - i : i;
      copy(L, 1, first + at, target, to + at);
    }
  }
  lua_pushvalue(L, target);
  return 1;
}

/// The order by which a table is sorted. Upvalue: the script's own, or nil.
int is_less(lua_State* L) {
  look_at_limits(L);
  if (lua_isnil(L, lua_upvalueindex(1))) {
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
  }
  lua_settop(L, 2);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

int table_sort(lua_State* L) {
  const bool ordered = lua_isnoneornil(L, 2) || lua_isfunction(L, 2);
  if (!is_plain_call(L) || !ordered) return g_stock.sort(L);
  lua_settop(L, 2);
  lua_pushcclosure(L, bound<is_less>, 1);
  return g_stock.sort(L);
}

}  // namespace

void bound_tables(lua_State* L) {
  lua_getglobal(L, "table");
  const Stock stock{replace(L, "concat", bound<table_concat>), replace(L, "insert", bound<table_insert>),
                    replace(L, "remove", bound<table_remove>), replace(L, "move", bound<table_move>),
                    replace(L, "sort", bound<table_sort>)};
  static const bool kKept = (g_stock = stock, true);  // the same in every state
  static_cast<void>(kKept);
  lua_pop(L, 1);
}

}  // namespace neap::internal::stdlib
