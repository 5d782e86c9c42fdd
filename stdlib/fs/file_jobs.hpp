// A File and the jobs of its methods.
#pragma once

#include "runtime/lua/userdata.hpp"
#include "runtime/task/open_handle.hpp"
#include "stdlib/fs/buffered_file.hpp"
#include "stdlib/fs/job.hpp"
#include "stdlib/io/read_plan.hpp"

#include <mutex>

namespace neap::internal::stdlib::fs {

inline constexpr UserdataType kFileType{"File"};

/// What a script holds. It is open while it has its state.
struct File final : OpenHandle {
  File() : OpenHandle("file") {}
  [[nodiscard]] std::string description() const override { return "File '" + path + "'"; }

  std::shared_ptr<BufferedFile> state;  // null once it is closed
  std::string path;
  bool readable = false;
  bool writable = false;
  io::ReadPlan plan;  // of the last read, kept for its memory
};

/// Makes the userdata of an open file and pushes it. The state, which the caller owns, is moved from.
void push_file(lua_State* L, const std::string& path, bool readable, bool writable,
               std::shared_ptr<BufferedFile>& state);

/// Makes the file; its answer is the userdata.
class OpenJob final : public FsJob {
 public:
  OpenJob(std::string path, int flags, bool readable, bool writable)
      : FsJob(std::move(path)),
        flags_(flags),
        readable_(readable),
        writable_(writable) {}

 private:
  Failure run() override;
  int results(lua_State* L) override;

  int flags_;
  bool readable_;
  bool writable_;
  std::shared_ptr<BufferedFile> state_;
};

/// A job on an open file: one at a time, and not when nobody waits any more.
class FileJob : public FsJob {
 public:
  explicit FileJob(const File& file);
  ~FileJob() override;

 protected:
  Failure run() final;
  /// Does the work; the file is locked.
  virtual Failure operate(BufferedFile& file) = 0;
  int results(lua_State* L) override;  // true
  [[nodiscard]] BufferedFile& file() { return *file_; }

 private:
  std::shared_ptr<BufferedFile> file_;
};

class FileReadJob final : public FileJob {
 public:
  FileReadJob(const File& file, io::ReadPlan plan) : FileJob(file), plan_(std::move(plan)) {}

 private:
  Failure operate(BufferedFile& file) override;
  int results(lua_State* L) override;

  io::ReadPlan plan_;
};

/// Writes what is pending, then what was appended to the job, then a string that is kept alive elsewhere.
class FileWriteJob final : public FileJob {
 public:
  FileWriteJob(const File& file, std::string_view borrowed) : FileJob(file), borrowed_(borrowed) {}

  void append(std::string_view bytes) { own_.append(bytes); }

 private:
  Failure operate(BufferedFile& file) override;
  int results(lua_State* L) override;  // the file

  Bytes own_;
  std::string_view borrowed_;
};

class FlushJob final : public FileJob {
 public:
  using FileJob::FileJob;

 private:
  Failure operate(BufferedFile& file) override { return file.flush(this); }
};

class SeekJob final : public FileJob {
 public:
  SeekJob(const File& file, off_t offset, int whence) : FileJob(file), offset_(offset), whence_(whence) {}

 private:
  Failure operate(BufferedFile& file) override { return file.seek(offset_, whence_, &position_, *this); }
  int results(lua_State* L) override;

  off_t offset_;
  int whence_;
  off_t position_ = 0;
};

class SyncJob final : public FileJob {
 public:
  SyncJob(const File& file, bool data_only) : FileJob(file), data_only_(data_only) {}

 private:
  Failure operate(BufferedFile& file) override { return file.sync(data_only_, *this); }

  bool data_only_;
};

class TruncateJob final : public FileJob {
 public:
  TruncateJob(const File& file, off_t size) : FileJob(file), size_(size) {}

 private:
  Failure operate(BufferedFile& file) override { return file.truncate(size_, *this); }

  off_t size_;
};

class StatusJob final : public FileJob {
 public:
  using FileJob::FileJob;

 private:
  Failure operate(BufferedFile& file) override { return file.status(&status_, *this); }
  int results(lua_State* L) override;

  struct stat status_ {};
};

class CloseJob final : public FileJob {
 public:
  using FileJob::FileJob;
  [[nodiscard]] bool must_run() const override { return true; }

 private:
  Failure operate(BufferedFile& file) override { return file.flush_and_close(this); }
};

// What the loop's thread does with a file that no job uses.

/// Runs the file's plan on what was read ahead. False when that is not enough.
bool run_buffered(File& file);
/// Pushes what the plan has found, takes it out of the buffer, and returns the number of values.
int push_results(lua_State* L, BufferedFile& file, const io::ReadPlan& plan);
/// Adds the strings from index 2 on to what is pending. True when that must be flushed now.
bool append_pending(lua_State* L, BufferedFile& file);

}  // namespace neap::internal::stdlib::fs
