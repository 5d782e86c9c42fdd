// The module of docs/design/adding-a-module.md in a program of its own, with the tests of that page.
#include "stdlib/registry.hpp"
#include "tests/support/lua_tests.hpp"

#include <catch2/catch_session.hpp>

namespace neap::internal::stdlib {
int open_latch(lua_State* L);
}

namespace neap::internal::tests::latch {

// In stdlib/ the generated list of modules is in the namespace of the modules.
int open_latch(lua_State* L) { return stdlib::open_latch(L); }
const stdlib::Library& own_library();

}  // namespace neap::internal::tests::latch

int main(int argc, char** argv) {
  neap::internal::stdlib::add_library(neap::internal::tests::latch::own_library());
  neap::internal::tests::register_lua_tests(NEAP_LATCH_TESTS);
  return Catch::Session().run(argc, argv);
}
