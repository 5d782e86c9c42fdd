// find, match, gmatch and gsub.
#include "runtime/lua/bind.hpp"
#include "stdlib/base/bounded.hpp"
#include "stdlib/base/matcher.hpp"

#include <cctype>
#include <cstring>
#include <string_view>

namespace neap::internal::stdlib {

namespace {

struct Stock {
  lua_CFunction find;
  lua_CFunction match;
  lua_CFunction gmatch;
  lua_CFunction gsub;
};
Stock g_stock;

/// Where a search begins, from 0 on, for the argument `init`; beyond `size` when nothing can be found.
std::size_t first_of(lua_State* L, int index, std::size_t size) {
  const lua_Integer init = luaL_optinteger(L, index, 1);
  if (init > 0) return static_cast<std::size_t>(init) - 1;
  if (init == 0 || static_cast<std::size_t>(-init) > size || init == LUA_MININTEGER) return 0;
  return size - static_cast<std::size_t>(-init);
}

bool is_plain(std::string_view pattern) { return pattern.find_first_of("^$*+?.([%-") == std::string_view::npos; }

int find_plain(lua_State* L, std::string_view subject, std::string_view wanted, std::size_t from) {
  const char* begin = subject.data() + from;
  const auto* found =
      wanted.empty() ? begin
                     : static_cast<const char*>(memmem(begin, subject.size() - from, wanted.data(), wanted.size()));
  if (found == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  const lua_Integer place = found - subject.data() + 1;
  lua_pushinteger(L, place);
  lua_pushinteger(L, place + static_cast<lua_Integer>(wanted.size()) - 1);
  return 2;
}

int search(lua_State* L, bool find) {
  const std::string_view subject = check_view(L, 1);
  std::string_view pattern = check_view(L, 2);
  const std::size_t from = first_of(L, 3, subject.size());
  if (from > subject.size()) {
    lua_pushnil(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) != 0 || is_plain(pattern))) return find_plain(L, subject, pattern, from);
  const bool anchored = !pattern.empty() && pattern.front() == '^';
  if (anchored) pattern.remove_prefix(1);
  Matcher matcher(L, subject.data(), subject.size(), pattern.data(), pattern.size());
  for (const char* at = subject.data() + from; at <= matcher.end(); ++at) {
    if (const char* end = matcher.match_at(at)) {
      if (!find) return matcher.push_captures(at, end, true);
      lua_pushinteger(L, at - subject.data() + 1);
      lua_pushinteger(L, end - subject.data());
      return matcher.push_captures(at, end, false) + 2;
    }
    if (anchored) break;
  }
  lua_pushnil(L);
  return 1;
}

int string_find(lua_State* L) { return is_limited(L) ? search(L, true) : g_stock.find(L); }
int string_match(lua_State* L) { return is_limited(L) ? search(L, false) : g_stock.match(L); }

/// The iterator. Upvalues: subject, pattern, where to go on, where the last match ended (-1: none yet).
int next_match(lua_State* L) {
  const std::string_view subject = check_view(L, lua_upvalueindex(1));
  const std::string_view pattern = check_view(L, lua_upvalueindex(2));
  const lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  Matcher matcher(L, subject.data(), subject.size(), pattern.data(), pattern.size());
  const auto from = static_cast<std::size_t>(lua_tointeger(L, lua_upvalueindex(3)));
  if (from > subject.size()) return 0;
  for (const char* at = subject.data() + from; at <= matcher.end(); ++at) {
    const char* end = matcher.match_at(at);
    if (end == nullptr || end - subject.data() == last) continue;
    lua_pushinteger(L, end - subject.data());
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return matcher.push_captures(at, end, true);
  }
  return 0;
}

int string_gmatch(lua_State* L) {
  if (!is_limited(L)) return g_stock.gmatch(L);
  const std::string_view subject = check_view(L, 1);
  check_view(L, 2);
  const std::size_t from = first_of(L, 3, subject.size());
  lua_settop(L, 2);
  lua_pushinteger(L, static_cast<lua_Integer>(from > subject.size() ? subject.size() + 1 : from));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, bound<next_match>, 4);
  return 1;
}

/// Adds the replacement string, argument 3, for a match.
void add_replacement(lua_State* L, Matcher& matcher, luaL_Buffer& buffer, const char* at, const char* end) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, 3, &size);
  for (const char* const stop = text + size; text < stop; ++text) {
    const auto* escape = static_cast<const char*>(std::memchr(text, '%', static_cast<std::size_t>(stop - text)));
    luaL_addlstring(&buffer, text, static_cast<std::size_t>((escape != nullptr ? escape : stop) - text));
    if (escape == nullptr) return;
    text = escape + 1;
    if (*text == '%') {
      luaL_addchar(&buffer, '%');
    } else if (*text == '0') {
      luaL_addlstring(&buffer, at, static_cast<std::size_t>(end - at));
    } else if (std::isdigit(static_cast<unsigned char>(*text)) != 0) {
      matcher.push_capture(*text - '1', at, end);
      luaL_tolstring(L, -1, nullptr);
      lua_remove(L, -2);
      luaL_addvalue(&buffer);
    } else {
      luaL_error(L, "invalid use of '%c' in replacement string", '%');
    }
  }
}

/// Adds what a match is replaced by; false when it stays.
bool add_value(lua_State* L, Matcher& matcher, luaL_Buffer& buffer, const char* at, const char* end) {
  switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
      lua_pushvalue(L, 3);
      lua_call(L, matcher.push_captures(at, end, true), 1);
      break;
    case LUA_TTABLE:
      matcher.push_capture(0, at, end);
      lua_gettable(L, 3);
      break;
    default: add_replacement(L, matcher, buffer, at, end); return true;
  }
  if (lua_toboolean(L, -1) == 0) {
    lua_pop(L, 1);
    luaL_addlstring(&buffer, at, static_cast<std::size_t>(end - at));
    return false;
  }
  if (lua_isstring(L, -1) == 0) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(&buffer);
  return true;
}

int string_gsub(lua_State* L) {
  const int kind = lua_type(L, 3);
  const bool known = kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE;
  if (!is_limited(L) || !known) return g_stock.gsub(L);
  const std::string_view subject = check_view(L, 1);
  std::string_view pattern = check_view(L, 2);
  const lua_Integer most = luaL_optinteger(L, 4, static_cast<lua_Integer>(subject.size()) + 1);
  const bool anchored = !pattern.empty() && pattern.front() == '^';
  if (anchored) pattern.remove_prefix(1);
  Matcher matcher(L, subject.data(), subject.size(), pattern.data(), pattern.size());
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  const char* at = subject.data();
  const char* last = nullptr;
  bool changed = false;
  lua_Integer count = 0;
  while (count < most) {
    const char* end = matcher.match_at(at);
    if (end != nullptr && end != last) {
      ++count;
      changed |= add_value(L, matcher, buffer, at, end);
      at = last = end;
    } else if (at < matcher.end()) {
      luaL_addchar(&buffer, *at++);
    } else {
      break;
    }
    if (anchored) break;
  }
  if (changed) {
    luaL_addlstring(&buffer, at, static_cast<std::size_t>(matcher.end() - at));
    luaL_pushresult(&buffer);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, count);
  return 2;
}

}  // namespace

void bound_patterns(lua_State* L) {
  lua_getglobal(L, "string");
  const Stock stock{replace(L, "find", bound<string_find>), replace(L, "match", bound<string_match>),
                    replace(L, "gmatch", bound<string_gmatch>), replace(L, "gsub", bound<string_gsub>)};
  static const bool kKept = (g_stock = stock, true);  // the same in every state
  static_cast<void>(kKept);
  lua_pop(L, 1);
}

}  // namespace neap::internal::stdlib
