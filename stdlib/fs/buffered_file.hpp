// An open file with a buffer for what was read ahead, or one for what is still to be written.
//
// Owner: shared by the File of the script and the jobs under way, so that a descriptor is never closed, nor
// its number given to another file, while a job uses it.
//
// Threads: jobs lock `mutex` while they work. The loop's thread touches the buffers without it, but only
// while `jobs` is 0: then no pool thread can.
//
// Invariants
//  1. The descriptor's position is at the end of `ahead`; the script's is at `begin` in it.
//  2. A read takes bytes out of `ahead` only when its task gets them: what a cancelled read has fetched stays
//     there for the next one.
//  3. While `pending` holds bytes, `ahead` may hold some from before; `flush` puts the position back first.
#pragma once

#include "stdlib/fs/system.hpp"
#include "stdlib/fs/temporary.hpp"
#include "stdlib/io/read_plan.hpp"

#include <memory>
#include <mutex>

namespace neap::internal::stdlib::fs {

/// When written bytes leave the buffer, as in setvbuf.
enum class Buffering { full, line, no };

class BufferedFile {
 public:
  static constexpr std::size_t kChunk = std::size_t{64} * 1024;

  BufferedFile(Descriptor descriptor, bool writable);
  ~BufferedFile();
  BufferedFile(const BufferedFile&) = delete;
  BufferedFile& operator=(const BufferedFile&) = delete;

  std::mutex mutex;
  int jobs = 0;                  // queued or under way; the loop's thread counts them
  const Job* current = nullptr;  // the last of them

  Bytes ahead;  // read from the file; the script has taken those before `begin`
  std::size_t begin = 0;
  Bytes pending;                         // written by the script and not yet to the file
  std::unique_ptr<Temporary> temporary;  // of a file that is removed when it is closed
  Buffering buffering = Buffering::full;
  std::size_t buffer_size = kChunk;

  /// True when another task is waiting for an operation on the file.
  [[nodiscard]] bool busy() const { return current != nullptr && !current->abandoned(); }
  /// True when the bytes written last must go to the file now.
  [[nodiscard]] bool must_flush(std::string_view written) const;
  /// Forgets what the script has taken.
  void take(std::size_t end);

  // For jobs. `job` may be null: then nothing is waited for that might never come.

  /// Fetches bytes behind those in `ahead`: at least `wanted` of them if they come at once.
  io::More more(std::size_t wanted, Failure* reason, const Job& job);
  /// Fetches everything up to the end of the file.
  Failure fetch_rest(const Job& job);
  /// Writes what is pending, and then `bytes`.
  Failure write(std::string_view bytes, const Job* job);
  Failure flush(const Job* job) { return write({}, job); }
  /// Moves the script's position, as lseek does; `*position` is where it is then.
  Failure seek(off_t offset, int whence, off_t* position, const Job& job);
  /// Writes what is pending, and waits until the disk has it; with `data_only` without times and the like.
  Failure sync(bool data_only, const Job& job);
  /// Cuts or lengthens the file; a negative size is the script's position.
  Failure truncate(off_t size, const Job& job);
  /// What is known of the file, what is pending included.
  Failure status(struct stat* status, const Job& job);
  Failure flush_and_close(const Job* job);

 private:
  void drop_ahead();

  Descriptor descriptor_;
  bool writable_;
};

/// A BufferedFile as a ReadPlan knows it. Without a job only the buffer may be used.
class FileSource final : public io::ReadSource {
 public:
  FileSource(BufferedFile& file, const Job* job) : ReadSource(file.ahead, file.begin), file_(file), job_(job) {}

  io::More more(std::size_t wanted) override {
    return job_ == nullptr ? io::More::blocked : file_.more(wanted, &failure_, *job_);
  }
  io::More rest() override;
  [[nodiscard]] const Failure& failure() const { return failure_; }

 private:
  BufferedFile& file_;
  const Job* job_;
  Failure failure_;
};

}  // namespace neap::internal::stdlib::fs
