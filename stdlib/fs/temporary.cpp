#include "stdlib/fs/temporary.hpp"

#include "runtime/loop/process_end.hpp"
#include "stdlib/fs/remove_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <set>
#include <utility>

namespace neap::internal::stdlib::fs {

namespace {

/// Those of all threads; never destroyed, because they may outlive static objects.
struct Temporaries {
  std::mutex mutex;
  std::set<Temporary*> all;
};

Temporaries& temporaries() {
  static Temporaries* const kAll = [] {
    at_process_end([] {
      Temporaries& left = temporaries();
      const std::lock_guard lock(left.mutex);
      for (Temporary* temporary : left.all) temporary->remove();
    });
    return new Temporaries;
  }();
  return *kAll;
}

}  // namespace

std::string random_path(const std::string& prefix, const std::string& suffix) {
  static const char kLetters[] = "abcdefghijklmnopqrstuvwxyz012345";
  unsigned char random[10];
  uv_random(nullptr, nullptr, random, sizeof random, 0, nullptr);  // at once, on any thread
  std::string path = prefix;
  for (const unsigned char byte : random) path += kLetters[byte % 32];
  return path + suffix;
}

std::string name_beside(const std::string& path) {
  constexpr std::size_t kMost = 200;  // of the name: the longest that may be is 255
  const std::size_t end = path.find_last_not_of('/');
  const std::size_t slash = end == std::string::npos ? end : path.rfind('/', end);
  const std::size_t start = slash == std::string::npos ? 0 : slash + 1;
  const std::size_t size = end == std::string::npos ? 0 : end + 1 - start;
  return random_path(path.substr(0, start) + "." + path.substr(start, std::min(size, kMost)) + ".", ".tmp");
}

Temporary::Temporary(std::string path, const struct stat& status)
    : path_(std::move(path)),
      device_(status.st_dev),
      inode_(status.st_ino) {
  Temporaries& known = temporaries();
  const std::lock_guard lock(known.mutex);
  known.all.insert(this);
}

Temporary::~Temporary() {
  try {
    remove();
  } catch (const std::bad_alloc&) {
    // It stays.
  }
  Temporaries& known = temporaries();  // until here: a process that ends meanwhile waits until it is removed
  const std::lock_guard lock(known.mutex);
  known.all.erase(this);
}

Failure Temporary::remove() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(removed_, true)) return {};
  Reach reach;
  const int code = reach.entry(path_.c_str(), kToWrite);
  if (code != 0) return code == ENOENT ? Failure{} : Failure{code, "lstat"};
  struct stat status {};
  if (::lstat(reach.path(), &status) != 0) return errno == ENOENT ? Failure{} : failure("lstat");
  if (status.st_dev != device_ || status.st_ino != inode_) return {};
  std::string failed = path_;
  const Failure reason = remove_entry(failed, nullptr);
  return reason.error == ENOENT ? Failure{} : reason;
}

}  // namespace neap::internal::stdlib::fs
