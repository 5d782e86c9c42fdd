#include "interp/loader.hpp"

#include "interp/excerpt.hpp"
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/chunk.hpp"

#include <uv.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace neap::internal {

namespace {

using namespace std::literals;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF"sv;

struct ReadResult {
  std::string text;
  int error = 0;
  const char* failed = "";  // "open" or "read"
};

ReadResult read_stream(std::FILE* input) {
  ReadResult result;
  char buffer[16384];
  std::size_t got = 0;
  errno = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, input)) != 0) result.text.append(buffer, got);
  if (std::ferror(input) != 0) {
    result.error = errno;
    result.failed = "read";
  }
  return result;
}

ReadResult read_program(const char* path) {
  if (path == nullptr) return read_stream(stdin);
  std::FILE* input = std::fopen(path, "rb");
  if (input == nullptr) return {{}, errno, "open"};
  ReadResult result = read_stream(input);
  std::fclose(input);
  return result;
}

/// The part of a program that is Lua: without a byte order mark, and without a first line for the kernel,
/// whose end stays so that lines count right.
std::string_view lua_part(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.starts_with('#')) text.remove_prefix(std::min(text.find('\n'), text.size()));
  return text;
}

bool is_binary(std::string_view code) {
  // luac puts the line for the kernel in front of the chunk itself.
  if (code.starts_with('\n')) code.remove_prefix(1);
  return code.starts_with(LUA_SIGNATURE[0]);
}

void push_read_error(lua_State* L, const char* path, const ReadResult& result) {
  if (path == nullptr) {
    lua_pushfstring(L, "cannot %s standard input: %s", result.failed, system_error_text(-result.error));
  } else if (result.error == EISDIR) {
    lua_pushfstring(L, "cannot run '%s': it is a directory", path);
  } else {
    lua_pushfstring(L, "cannot %s '%s': %s", result.failed, path, system_error_text(-result.error));
  }
}

void push_binary_error(lua_State* L, const char* path) {
  const char* name = path != nullptr ? path : "standard input";
  lua_pushfstring(L,
                  "cannot run '%s': it is a binary chunk (precompiled Lua), and a malformed one can crash the "
                  "program.\nIf you trust it, a script can load it: loadfile(name, \"b\") or load(code, name, \"b\")",
                  name);
}

/// Pushes the chunk and returns true, or an error message and false. Owns the text; nothing here raises
/// while it does but for want of memory.
bool try_load(lua_State* L, const char* path) {
  ReadResult result = read_program(path);
  if (result.error != 0) {
    push_read_error(L, path, result);
    return false;
  }
  const std::string_view code = lua_part(result.text);
  if (is_binary(code)) {
    push_binary_error(L, path);
    return false;
  }
  const std::string chunk = path != nullptr ? "@"s + path : "=stdin"s;
  const bool loaded = load_chunk(L, code.data(), code.size(), chunk.c_str(), "t") == LUA_OK;
  if (path != nullptr) {
    remember_script(path);
  } else {
    remember_source("stdin", std::move(result.text));
  }
  return loaded;
}

}  // namespace

void load_program(lua_State* L, const char* path) {
  if (!try_load(L, path)) lua_error(L);
}

void load_statement(lua_State* L, const char* text, const char* name) {
  if (load_chunk(L, text, std::strlen(text), name, "t") != LUA_OK) lua_error(L);
}

}  // namespace neap::internal
