// Copies files and trees. Runs on pool threads.
#pragma once

#include "stdlib/fs/system.hpp"

#include <string>

namespace neap::internal::stdlib::fs {

struct CopyOptions {
  bool recursive = false;  // directories too, with all that is in them
  bool overwrite = true;   // replace files, and go into directories, that are there already
  bool times = false;      // give copies the times of what they are copies of
  bool follow = true;      // copy what a symbolic link leads to, not the link
};

/// From where to where; on failure, of the entry it failed at.
struct CopyPaths {
  std::string from;
  std::string to;
};

/// Copies a regular file with its permission bits. What it has created is removed when it fails.
Failure copy_file(const CopyPaths& paths, const CopyOptions& options, const Job& job);
/// Makes a link that leads where the other does.
Failure copy_link(const CopyPaths& paths, const CopyOptions& options);
/// Copies whatever is there. Stops between two entries, and within large files, when the job is abandoned.
Failure copy_entry(CopyPaths& paths, const CopyOptions& options, const Job& job);

}  // namespace neap::internal::stdlib::fs
