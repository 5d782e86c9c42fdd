// Any bytes where neap reads text that people or files give it. The first byte chooses the reader; see loader.lua.
#include "interp/loader.hpp"
#include "repl/lexer.hpp"
#include "runtime/lua/bind.hpp"
#include "tests/fuzz/lua_target.hpp"
#include "tests/fuzz/target.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace neap::internal::fuzz {

namespace {

/// A file that is removed at the end of the process.
class ProgramFile {
 public:
  ProgramFile() : path_((std::filesystem::temp_directory_path() / "neap-fuzz-XXXXXX").string()) {
    const int file = mkstemp(path_.data());
    require(file >= 0, "a temporary file cannot be made");
    close(file);
  }
  ~ProgramFile() { std::remove(path_.c_str()); }
  ProgramFile(const ProgramFile&) = delete;
  ProgramFile& operator=(const ProgramFile&) = delete;

  [[nodiscard]] const char* path() const { return path_.c_str(); }
  void write(const char* text, std::size_t size) {
    std::FILE* file = std::fopen(path(), "wb");
    require(file != nullptr && std::fwrite(text, 1, size, file) == size, "the temporary file cannot be written");
    std::fclose(file);
  }

 private:
  std::string path_;
};

/// load_program(text): the chunk; raises what is wrong. And the name of the file.
int load_text(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  keep<ProgramFile>().write(text, size);
  load_program(L, keep<ProgramFile>().path());
  return 1;
}

int name_of_file(lua_State* L) {
  lua_pushstring(L, keep<ProgramFile>().path());
  return 1;
}

/// tokens(text): a list of {kind number, first byte, last byte, whether it is open}.
int list_tokens(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  lua_newtable(L);
  lua_Integer count = 0;
  auto* tokens = new std::vector<repl::Token>(repl::tokens_of({text, size}));
  const std::unique_ptr<std::vector<repl::Token>> owner(tokens);
  for (const repl::Token& token : *tokens) {
    lua_createtable(L, 4, 0);
    const lua_Integer fields[] = {static_cast<lua_Integer>(token.kind), static_cast<lua_Integer>(token.begin) + 1,
                                  static_cast<lua_Integer>(token.end), token.open ? 1 : 0};
    for (lua_Integer i = 0; i < 4; ++i) {
      lua_pushinteger(L, fields[i]);
      lua_rawseti(L, -2, i + 1);
    }
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

void prepare(lua_State* L) {
  const std::pair<const char*, lua_CFunction> functions[] = {
      {"load_program", bound<load_text>}, {"program_name", bound<name_of_file>}, {"tokens", bound<list_tokens>}};
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(L, function);
    lua_setglobal(L, name);
  }
}

struct Loader : LuaTarget {
  Loader() : LuaTarget("loader.lua", prepare) {}
};

}  // namespace

void fuzz_loader(std::string_view input) { keep<Loader>().run(input.substr(0, 4096)); }

}  // namespace neap::internal::fuzz
