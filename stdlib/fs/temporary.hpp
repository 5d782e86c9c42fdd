// Files and directories that are removed when nobody needs them any more.
#pragma once

#include "stdlib/fs/system.hpp"

#include <mutex>
#include <string>

namespace neap::internal::stdlib::fs {

/// A path made of these and ten random characters between them.
std::string random_path(const std::string& prefix, const std::string& suffix);
/// A hidden name in the directory of `path`, for what is to take its place.
std::string name_beside(const std::string& path);

/// Something at a path, which exists when this is made. It is removed with its owner, at the latest when the process
/// exits, however that comes about but by a signal.
class Temporary {
 public:
  /// `status` tells it from what others may put in its place.
  Temporary(std::string path, const struct stat& status);
  ~Temporary();
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  /// Removes it, a directory with everything in it; waits for another thread that is doing so. That it is gone, or not
  /// at its path any more, is fine.
  Failure remove();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  dev_t device_;
  ino_t inode_;
  std::mutex mutex_;
  bool removed_ = false;
};

}  // namespace neap::internal::stdlib::fs
