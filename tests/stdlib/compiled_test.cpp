// The Lua files of the library as the build has compiled them.
#include "interp/interpreter.hpp"
#include "runtime/lua/chunk.hpp"
#include "runtime/lua/traceback.hpp"
#include "stdlib/registry.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

using namespace neap::internal;
using namespace std::literals;

namespace {

int append(lua_State*, const void* bytes, std::size_t size, void* code) {
  static_cast<std::string*>(code)->append(static_cast<const char*>(bytes), size);
  return 0;
}

std::string compiled(std::string_view text, const std::string& chunk) {
  const std::unique_ptr<lua_State, decltype(&lua_close)> state(luaL_newstate(), lua_close);
  REQUIRE(load_chunk(state.get(), text.data(), text.size(), chunk.c_str(), "t") == LUA_OK);
  std::string code;
  lua_dump(state.get(), append, &code, 0);
  return code;
}

/// Whether a module of that text and that code gives the answer; in a process of its own, for a library is known for
/// ever.
bool module_gives(std::string_view text, std::string_view code, std::string_view compiler, const std::string& answer) {
  const pid_t pid = fork();
  if (pid == 0) {
    const std::array files{stdlib::SourceFile{"probe", "init", text}};
    const std::array codes{code};
    const stdlib::Library library{files, {}, {}, "", codes, compiler};
    stdlib::add_library(library);
    Interpreter interpreter;
    lua_State* L = interpreter.state();
    const std::string script = "return neap.probe == '" + answer + "'";
    const bool ran = luaL_dostring(L, script.c_str()) == LUA_OK;
    _exit(ran && lua_toboolean(L, -1) != 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status == 0;
}

}  // namespace

TEST_CASE("stdlib: what the build has compiled is what the text gives, with its names and lines", "[stdlib]") {
  for (const stdlib::Library* library : stdlib::libraries()) {
    if (library->code.empty()) SKIP("built for another system than the one that built it");
    REQUIRE(library->code.size() == library->files.size());
    REQUIRE(library->compiler == lua_ident);
    for (std::size_t i = 0; i < library->files.size(); ++i) {
      const stdlib::SourceFile& file = library->files[i];
      const std::string chunk = kInternalChunk + std::string(file.module) + "/" + std::string(file.name) + ".lua";
      CAPTURE(chunk);
      CHECK((compiled(file.text, chunk) == library->code[i]));  // not to be printed
    }
  }
}

TEST_CASE("stdlib: compiled code is taken from the same release of Lua only", "[stdlib]") {
  const std::string code = compiled("return 'compiled'", "=probe");
  CHECK(module_gives("return 'text'", code, lua_ident, "compiled"));
  CHECK(module_gives("return 'text'", code, "$LuaVersion: Lua 5.4.0 $", "text"));
  CHECK(module_gives("return 'text'", code, "", "text"));
}

TEST_CASE("stdlib: where Lua refuses the compiled code, the text is compiled", "[stdlib]") {
  std::string code = compiled("return 'compiled'", "=probe");
  code[12] ^= 1;  // the size of an instruction
  CHECK(module_gives("return 'text'", code, lua_ident, "text"));
  CHECK(module_gives("return 'text'", "\x1bLua"sv, lua_ident, "text"));
}
