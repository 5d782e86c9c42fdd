// What is known of a file, as scripts see it.
#pragma once

#include "stdlib/fs/job.hpp"

namespace neap::internal::stdlib::fs {

inline constexpr int kStatusFields = 11;

/// Sets type, size, mode, ... in the table on the top of the stack.
void set_status_fields(lua_State* L, const struct stat& status);

/// rename(2).
Failure rename_entry(const char* from, const char* to);

}  // namespace neap::internal::stdlib::fs
