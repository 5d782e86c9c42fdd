// The C++ parts of the fs module. Each adds its functions to the table on the top of the stack, which the
// module's Lua files know as `core`; what scripts see is put together in init.lua.
//
//   arguments     what a script passes: paths, options, modes
//   system        the calls of the operating system, and what went wrong in them
//   job           work on the pool, whose failure is raised as an OSError
//   contents      read, write, append
//   entries       stat, mkdir, remove, rename
//   attributes    chmod, chown, utime, truncate, access, exists, statvfs
//   links         symlink, link, readlink, realpath
//   copy, copy_file, copy_tree         copy, move
//   temporary, temporaries             tempfile, tempdir, and what they are removed by
//   listing       what list, walk and glob (Lua files) are made of
//   watch         what watch (a Lua file) is made of
//   paths         paths as text, and the current directory
//   buffered_file, file_jobs, file     open and its File objects
#pragma once

#include <lua.hpp>

namespace neap::internal::stdlib::fs {

void add_contents(lua_State* L);
void add_entries(lua_State* L);
void add_attributes(lua_State* L);
void add_copies(lua_State* L);
void add_links(lua_State* L);
void add_listing(lua_State* L);
void add_paths(lua_State* L);
void add_temporaries(lua_State* L);
void add_watch(lua_State* L);
void add_files(lua_State* L);

}  // namespace neap::internal::stdlib::fs
