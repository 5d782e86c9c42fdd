#include "repl/history_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace neap::internal::repl {

namespace {

using namespace std::literals;

// As long as another prompt may take to make the file smaller; then it must have been stopped, and is not waited for.
constexpr auto kLongestWait = 200ms;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);  // which gives up the lock
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string problem_of(const std::string& path, const char* what, int error) {
  return "the history file " + path + " cannot be " + what + ": " + std::strerror(error);
}

void lock(int fd, int how) {
  const auto last = std::chrono::steady_clock::now() + kLongestWait;
  while (flock(fd, how | LOCK_NB) != 0 && (errno == EINTR || errno == EWOULDBLOCK)) {
    if (std::chrono::steady_clock::now() > last) return;
    std::this_thread::sleep_for(1ms);
  }
}

bool is_file(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/// False when another prompt has put a new file in its place since it was opened.
bool is_still(int fd, const std::string& path) {
  struct stat ours {};
  struct stat theirs {};
  return fstat(fd, &ours) == 0 && stat(path.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino &&
         ours.st_dev == theirs.st_dev;
}

/// None: errno says why.
std::optional<std::size_t> size_of(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return std::nullopt;
  return static_cast<std::size_t>(status.st_size);
}

/// Whole records: the last `largest` bytes but for what may be a part of one, and an end without a newline too. None
/// when they cannot all be read: errno says why.
std::optional<std::string> bytes_of(int fd, std::size_t largest) {
  const std::optional<std::size_t> known = size_of(fd);
  if (!known) return std::nullopt;
  const std::size_t size = *known;
  const std::size_t begin = size > largest ? size - largest : 0;
  std::string bytes(size - begin, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(begin + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  if (begin > 0) bytes.erase(0, std::min(bytes.find('\n'), bytes.size() - 1) + 1);
  return bytes;
}

/// 0, or what went wrong.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return 0;
}

std::string record_of(std::string_view entry) {
  std::string record;
  for (const char c : entry) {
    if (c == '\n')
      record += "\\n";
    else if (c == '\\')
      record += "\\\\";
    else
      record += c;
  }
  return record + '\n';
}

std::string entry_of(std::string_view record) {
  if (record.find('\\') == std::string_view::npos) return std::string(record);
  std::string entry;
  entry.reserve(record.size());
  for (std::size_t i = 0; i < record.size(); ++i) {
    const char next = record[i] == '\\' && i + 1 < record.size() ? record[i + 1] : '\0';
    if (next == 'n' || next == '\\') ++i;
    entry += next == 'n' ? '\n' : record[i];
  }
  return entry;
}

std::vector<std::string_view> records_in(std::string_view bytes) {
  std::vector<std::string_view> records;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view record = bytes.substr(0, end);
    if (!record.empty() && (records.empty() || records.back() != record)) records.push_back(record);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return records;
}

void make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0700);  // what cannot be made is told when the file cannot be opened
  }
}

Descriptor open_to_add(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  Descriptor file(open(path.c_str(), kFlags, 0600));
  if (file.valid() || errno != ENOENT) return file;
  make_folders(path);
  return Descriptor(open(path.c_str(), kFlags, 0600));
}

/// The last `kept` records, in a file that takes the place of the one at `path`, which is locked. When that cannot be
/// done, the file stays as it is.
void compact(int fd, const std::string& path, std::size_t kept, std::size_t largest) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  if (!real) return;
  const std::optional<std::string> bytes = bytes_of(fd, largest);
  if (!bytes) return;
  const std::vector<std::string_view> records = records_in(*bytes);
  std::string rest;
  for (std::size_t i = records.size() - std::min(kept, records.size()); i < records.size(); ++i) {
    rest.append(records[i]).push_back('\n');
  }
  const std::string beside = real.get() + ".new"s;
  const Descriptor file(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return;
  const bool whole = write_all(file.get(), rest) == 0 && fsync(file.get()) == 0;
  if (!whole || rename(beside.c_str(), real.get()) != 0) unlink(beside.c_str());
}

}  // namespace

HistoryRecords read_history(const std::string& path, std::size_t kept, std::size_t largest) {
  HistoryRecords result;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) {
    if (errno != ENOENT && errno != ENOTDIR) result.problem = problem_of(path, "read", errno);
    return result;
  }
  if (!is_file(file.get())) {
    result.problem = "the history file " + path + " is no regular file";
    return result;
  }
  lock(file.get(), LOCK_SH);
  const std::optional<std::string> bytes = bytes_of(file.get(), largest);
  if (!bytes) {
    result.problem = problem_of(path, "read", errno);
    return result;
  }
  const std::vector<std::string_view> records = records_in(*bytes);
  result.records = records.size();
  result.entries.reserve(std::min(kept, records.size()));
  for (std::size_t i = records.size() - std::min(kept, records.size()); i < records.size(); ++i) {
    result.entries.push_back(entry_of(records[i]));
  }
  return result;
}

std::string append_history(const std::string& path, std::string_view entry, std::size_t kept, std::size_t largest) {
  Descriptor file = open_to_add(path);
  for (int tries = 0; file.valid() && is_file(file.get()) && tries < 10; ++tries) {
    lock(file.get(), LOCK_EX);
    if (is_still(file.get(), path)) break;
    file = open_to_add(path);
  }
  if (!file.valid()) return problem_of(path, "written", errno);
  if (!is_file(file.get())) return "the history file " + path + " is no regular file";
  const std::optional<std::size_t> known = size_of(file.get());
  if (!known) return problem_of(path, "written", errno);
  const std::size_t size = *known;
  char last = '\n';
  const bool cut = size > 0 && pread(file.get(), &last, 1, static_cast<off_t>(size - 1)) == 1 && last != '\n';
  const int error = write_all(file.get(), (cut ? "\n" : "") + record_of(entry));
  if (error != 0) {
    static_cast<void>(ftruncate(file.get(), static_cast<off_t>(size)));
    return problem_of(path, "written", error);
  }
  if (kept > 0 || size > largest) compact(file.get(), path, kept > 0 ? kept : SIZE_MAX, largest / 2);
  return {};
}

}  // namespace neap::internal::repl
