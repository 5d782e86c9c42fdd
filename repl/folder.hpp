// What is in a folder, for completing the names of files while a key is answered: read at once, and not by the loop.
#pragma once

#include <lua.hpp>

namespace neap::internal::repl {

/// Makes what `list_folder` needs; once per state.
void open_folders(lua_State* L);

/// list_folder(path, most): a list of {name=, folder=} of at most so many entries, in the order of the system; empty
/// when the folder cannot be read. `folder` is true for folders, and for links to them.
int list_folder(lua_State* L);

}  // namespace neap::internal::repl
