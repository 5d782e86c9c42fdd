// rep, upper, lower and reverse: what makes a long string in one go.
#include "runtime/lua/allocator.hpp"
#include "runtime/lua/bind.hpp"
#include "stdlib/base/bounded.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace neap::internal::stdlib {

namespace {

constexpr std::size_t kAtATime = std::size_t{256} << 10;  // bytes between two looks
constexpr std::size_t kMostBytes = LUA_MAXINTEGER / 2;

struct Stock {
  lua_CFunction rep;
  lua_CFunction upper;
  lua_CFunction lower;
  lua_CFunction reverse;
};
Stock g_stock;

/// Fills `total` bytes with what is in the first `filled` of them.
void fill(lua_State* L, char* bytes, std::size_t filled, std::size_t total) {
  while (filled < total) {
    look_at_limits(L);
    const std::size_t more = std::min({filled, total - filled, kAtATime / filled * filled + filled});
    std::memcpy(bytes + filled, bytes, more);
    filled += more;
  }
}

int string_rep(lua_State* L) {
  if (!is_limited(L)) return g_stock.rep(L);
  std::size_t size = 0;
  std::size_t between = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  const lua_Integer times = luaL_checkinteger(L, 2);
  const char* separator = luaL_optlstring(L, 3, "", &between);
  const std::size_t period = size + between;
  if (times <= 0 || period == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (period < size || period > kMostBytes / static_cast<std::size_t>(times)) {
    return luaL_error(L, "resulting string too large");
  }
  const std::size_t total = period * static_cast<std::size_t>(times) - between;
  check_size(L, total);
  luaL_Buffer buffer;
  char* bytes = luaL_buffinitsize(L, &buffer, total + between);
  std::memcpy(bytes, text, size);
  std::memcpy(bytes + size, separator, between);
  fill(L, bytes, period, total);
  luaL_pushresultsize(&buffer, total);
  return 1;
}

/// Makes a string as long as argument 1; `convert(from, to, begin, end)` fills a part of it.
template <typename Convert>
int convert_string(lua_State* L, Convert convert) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  luaL_Buffer buffer;
  char* bytes = luaL_buffinitsize(L, &buffer, size);
  for (std::size_t begin = 0; begin < size; begin += kAtATime) {
    look_at_limits(L);
    for (std::size_t i = begin; i < std::min(size, begin + kAtATime); ++i) bytes[i] = convert(text, size, i);
  }
  luaL_pushresultsize(&buffer, size);
  return 1;
}

int string_upper(lua_State* L) {
  if (!is_limited(L)) return g_stock.upper(L);
  return convert_string(L, [](const char* text, std::size_t, std::size_t i) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
  });
}

int string_lower(lua_State* L) {
  if (!is_limited(L)) return g_stock.lower(L);
  return convert_string(L, [](const char* text, std::size_t, std::size_t i) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
  });
}

int string_reverse(lua_State* L) {
  if (!is_limited(L)) return g_stock.reverse(L);
  return convert_string(L, [](const char* text, std::size_t size, std::size_t i) { return text[size - 1 - i]; });
}

}  // namespace

void check_size(lua_State* L, std::size_t bytes) {
  void* allocator = nullptr;
  lua_getallocf(L, &allocator);
  const std::size_t largest = static_cast<Allocator*>(allocator)->largest();
  if (largest != 0 && bytes > largest) luaL_error(L, "not enough memory");
}

lua_CFunction replace(lua_State* L, const char* name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  const lua_CFunction stock = lua_tocfunction(L, -1);
  lua_pop(L, 1);
  lua_pushcfunction(L, function);
  lua_setfield(L, -2, name);
  return stock;
}

void bound_strings(lua_State* L) {
  lua_getglobal(L, "string");
  const Stock stock{replace(L, "rep", bound<string_rep>), replace(L, "upper", bound<string_upper>),
                    replace(L, "lower", bound<string_lower>), replace(L, "reverse", bound<string_reverse>)};
  static const bool kKept = (g_stock = stock, true);  // the same in every state
  static_cast<void>(kKept);
  lua_pop(L, 1);
}

}  // namespace neap::internal::stdlib
