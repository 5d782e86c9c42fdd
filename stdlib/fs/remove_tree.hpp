// Removes a directory with everything in it.
#pragma once

#include "stdlib/fs/system.hpp"

namespace neap::internal::stdlib::fs {

/// Removes what is at `path`, a directory with everything in it as remove_tree does.
Failure remove_entry(std::string& path, const Job* job);

/// Removes the directory at `path`. Symbolic links are removed and never followed, also when somebody swaps
/// a directory for a link meanwhile. Holds two descriptors at most, however deep the tree is. On failure
/// `path` becomes that of the entry it failed at. Stops between two entries when the job is abandoned; without a
/// job, never.
Failure remove_tree(std::string& path, const Job* job);

}  // namespace neap::internal::stdlib::fs
