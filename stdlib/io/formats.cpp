#include "stdlib/io/formats.hpp"

#include <cstring>

namespace neap::internal::stdlib::io {

namespace {

void push_number(lua_State* L, const char* text, std::size_t size) {
  char numeral[256];
  std::memcpy(numeral, text, size);  // at most 200 characters: see ReadPlan
  numeral[size] = '\0';
  if (lua_stringtonumber(L, numeral) == 0) luaL_pushfail(L);
}

}  // namespace

ReadItem check_format(lua_State* L, int index, const char* method) {
  const int argument = index - 1;
  if (lua_type(L, index) == LUA_TNUMBER) {
    int exact = 0;
    const lua_Integer count = lua_tointegerx(L, index, &exact);
    if (exact == 0 || count < 0) {
      raise(L, ErrorKind::value, "argument %d of %s must be a number of bytes, got %s", argument, method,
            luaL_tolstring(L, index, nullptr));
    }
    return {Format::count, static_cast<std::size_t>(count)};
  }
  if (lua_type(L, index) != LUA_TSTRING) {
    raise(L, ErrorKind::type, "argument %d of %s must be a format or a number of bytes, got %s", argument, method,
          type_name(L, index));
  }
  const char* format = lua_tostring(L, index);
  switch (format[*format == '*' ? 1 : 0]) {
    case 'l': return {Format::line, 0};
    case 'L': return {Format::line_with_end, 0};
    case 'a': return {Format::rest, 0};
    case 'n': return {Format::number, 0};
    default:
      raise(L, ErrorKind::value, "argument %d of %s must be \"n\", \"l\", \"L\", \"a\" or a number of bytes, got '%s'",
            argument, method, format);
  }
}

void check_formats(lua_State* L, ReadPlan& plan, const char* method) {
  const int top = lua_gettop(L);
  plan.items.clear();
  for (int index = 2; index <= top; ++index) plan.items.push_back(check_format(L, index, method));
  if (plan.items.empty()) plan.items.emplace_back();
}

int push_results(lua_State* L, const Bytes& ahead, const ReadPlan& plan) {
  luaL_checkstack(L, static_cast<int>(plan.results.size()), "too many results");
  for (const ReadResult& result : plan.results) {
    const char* text = ahead.data() + result.from;
    if (!result.found) {
      luaL_pushfail(L);
    } else if (result.number) {
      push_number(L, text, result.size);
    } else {
      lua_pushlstring(L, text, result.size);
    }
  }
  return static_cast<int>(plan.results.size());
}

}  // namespace neap::internal::stdlib::io
