#include "stdlib/fs/buffered_file.hpp"

#include "runtime/loop/process_end.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <utility>

namespace neap::internal::stdlib::fs {

namespace {

/// Files that may hold bytes when the process ends: like C's own, they are flushed at exit. Of all threads;
/// never destroyed, because files may outlive static objects.
struct WritableFiles {
  std::mutex mutex;
  std::set<BufferedFile*> files;
};

void flush_at_exit();

WritableFiles& writable_files() {
  static WritableFiles* const kAll = [] {
    at_process_end(flush_at_exit);
    return new WritableFiles;
  }();
  return *kAll;
}

void flush_at_exit() {
  WritableFiles& all = writable_files();
  const std::lock_guard lock(all.mutex);
  for (BufferedFile* file : all.files) {
    // A file in use is being written by a job, which the end of the process waits for.
    if (const std::unique_lock own(file->mutex, std::try_to_lock); own.owns_lock()) file->flush(nullptr);
  }
}

}  // namespace

BufferedFile::BufferedFile(Descriptor descriptor, bool writable)
    : descriptor_(std::move(descriptor)),
      writable_(writable) {
  if (!writable_) return;
  WritableFiles& all = writable_files();
  const std::lock_guard lock(all.mutex);
  all.files.insert(this);
}

BufferedFile::~BufferedFile() {
  if (!writable_) return;
  WritableFiles& all = writable_files();
  const std::lock_guard lock(all.mutex);
  all.files.erase(this);
}

bool BufferedFile::must_flush(std::string_view written) const {
  switch (buffering) {
    case Buffering::no: return true;
    case Buffering::line:
      if (written.find('\n') != std::string_view::npos) return true;
      break;
    case Buffering::full: break;
  }
  return pending.size() >= buffer_size;
}

void BufferedFile::take(std::size_t end) {
  begin = end;
  if (begin != ahead.size()) return;
  begin = 0;
  ahead.clear();
  ahead.shrink();
}

void BufferedFile::drop_ahead() {
  const std::size_t untaken = ahead.size() - begin;
  // A FIFO or a terminal cannot go back: there, what was read ahead stays.
  if (untaken != 0 && ::lseek(descriptor_.get(), -static_cast<off_t>(untaken), SEEK_CUR) < 0) return;
  take(ahead.size());
}

io::More BufferedFile::more(std::size_t wanted, Failure* reason, const Job& job) {
  if (begin != 0) {
    ahead.remove_front(begin);
    begin = 0;
  }
  const std::size_t count = std::max(wanted, kChunk);
  // A large request is met piece by piece, so that asking for more than there is costs no memory.
  ahead.reserve_more(std::min(count, std::max(ahead.size(), std::size_t{1} << 20U)));
  std::size_t got = 0;
  *reason = descriptor_.read_some(ahead, std::min(count, ahead.room()), &got, job);
  if (*reason) return io::More::failed;
  return got == 0 ? io::More::end : io::More::got;
}

Failure BufferedFile::fetch_rest(const Job& job) {
  if (begin != 0) {
    ahead.remove_front(begin);
    begin = 0;
  }
  return descriptor_.read_rest(ahead, job);
}

Failure BufferedFile::write(std::string_view bytes, const Job* job) {
  if (!descriptor_.is_open()) return {EBADF, "write"};
  if (pending.empty() && bytes.empty()) return {};
  drop_ahead();
  std::size_t written = 0;
  const Failure reason = descriptor_.write_all({pending.data(), pending.size()}, &written, job);
  pending.remove_front(written);
  if (reason) return reason;
  pending.shrink();
  return descriptor_.write_all(bytes, &written, job);
}

Failure BufferedFile::seek(off_t offset, int whence, off_t* position, const Job& job) {
  if (const Failure reason = flush(&job)) return reason;
  drop_ahead();
  *position = ::lseek(descriptor_.get(), offset, whence);
  return *position < 0 ? failure("lseek") : Failure{};
}

Failure BufferedFile::sync(bool data_only, const Job& job) {
  if (const Failure reason = flush(&job)) return reason;
#ifdef __APPLE__
  data_only = false;
  if (::fcntl(descriptor_.get(), F_FULLFSYNC) == 0) return {};
#else
  if (data_only) return failure_unless(::fdatasync(descriptor_.get()), "fdatasync");
#endif
  return failure_unless(::fsync(descriptor_.get()), "fsync");
}

Failure BufferedFile::truncate(off_t size, const Job& job) {
  if (const Failure reason = flush(&job)) return reason;
  drop_ahead();
  if (size < 0) size = ::lseek(descriptor_.get(), 0, SEEK_CUR);
  return size < 0 ? failure("lseek") : failure_unless(::ftruncate(descriptor_.get(), size), "ftruncate");
}

Failure BufferedFile::status(struct stat* status, const Job& job) {
  if (const Failure reason = flush(&job)) return reason;
  return failure_unless(::fstat(descriptor_.get(), status), "fstat");
}

Failure BufferedFile::flush_and_close(const Job* job) {
  const Failure unwritten = temporary ? Failure{} : flush(job);
  pending.clear();
  const Failure unclosed = descriptor_.close();
  if (unwritten) return unwritten;
  return unclosed || !temporary ? unclosed : temporary->remove();
}

io::More FileSource::rest() {
  if (job_ == nullptr) return io::More::blocked;
  failure_ = file_.fetch_rest(*job_);
  return failure_ ? io::More::failed : io::More::end;
}

}  // namespace neap::internal::stdlib::fs
