#include "repl/folder.hpp"

#include "runtime/lua/bind.hpp"

#include <algorithm>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>
#include <vector>

namespace neap::internal::repl {

namespace {

constexpr const char* kListing = "neap.repl.folder";

struct Entry {
  std::string name;
  bool folder = false;
};

using Listing = std::vector<Entry>;

void read_folder(const std::string& path, std::size_t most, Listing& listing) {
  std::error_code problem;
  std::filesystem::directory_iterator entry(path, problem);
  for (; !problem && entry != std::filesystem::directory_iterator() && listing.size() < most;
       entry.increment(problem)) {
    std::error_code unknown;
    const bool folder = entry->is_directory(unknown);
    listing.push_back({entry->path().filename().string(), folder});
  }
}

int delete_listing(lua_State* L) {
  static_cast<Listing*>(lua_touserdata(L, 1))->~Listing();
  return 0;
}

}  // namespace

void open_folders(lua_State* L) {
  luaL_newmetatable(L, kListing);
  lua_pushcfunction(L, delete_listing);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

int list_folder(lua_State* L) {
  const char* path = luaL_checkstring(L, 1);
  const lua_Integer most = std::max<lua_Integer>(luaL_checkinteger(L, 2), 0);
  // The userdata owns the names, so that an error on the way leaves nothing behind.
  auto* listing = new (lua_newuserdatauv(L, sizeof(Listing), 0)) Listing;
  luaL_setmetatable(L, kListing);
  read_folder(path, static_cast<std::size_t>(most), *listing);
  lua_createtable(L, static_cast<int>(listing->size()), 0);
  lua_Integer count = 0;
  for (const Entry& entry : *listing) {
    lua_createtable(L, 0, 2);
    push(L, entry.name);
    lua_setfield(L, -2, "name");
    lua_pushboolean(L, entry.folder ? 1 : 0);
    lua_setfield(L, -2, "folder");
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

}  // namespace neap::internal::repl
