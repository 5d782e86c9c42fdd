#include "stdlib/fs/file_jobs.hpp"

#include "runtime/lua/bind.hpp"
#include "stdlib/fs/entries.hpp"
#include "stdlib/io/formats.hpp"

#include <cerrno>
#include <cstring>
#include <new>

namespace neap::internal::stdlib::fs {

void push_file(lua_State* L, const std::string& path, bool readable, bool writable,
               std::shared_ptr<BufferedFile>& state) {
  auto* file = new (lua_newuserdatauv(L, sizeof(File), 0)) File();
  file->path = path;
  file->readable = readable;
  file->writable = writable;
  file->state = std::move(state);
  set_type(L, kFileType);
  file->opened(L);
}

Failure OpenJob::run() {
  Descriptor descriptor;
  if (const Failure reason = descriptor.open(c_path(), flags_, *this)) return reason;
  state_ = std::make_shared<BufferedFile>(std::move(descriptor), writable_);
  return {};
}

int OpenJob::results(lua_State* L) {
  push_file(L, path(), readable_, writable_, state_);
  return 1;
}

FileJob::FileJob(const File& file) : FsJob(file.path), file_(file.state) {
  ++file_->jobs;
  file_->current = this;
}

FileJob::~FileJob() {
  --file_->jobs;
  if (file_->current == this) file_->current = nullptr;
}

Failure FileJob::run() {
  const std::lock_guard lock(file_->mutex);
  if (abandoned() && !must_run()) return {ECANCELED, "work"};
  return operate(*file_);
}

int FileJob::results(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

int FileReadJob::results(lua_State* L) { return push_results(L, file(), plan_); }

Failure FileWriteJob::operate(BufferedFile& file) {
  file.pending.append({own_.data(), own_.size()});
  return file.write(borrowed_, this);
}

int FileWriteJob::results(lua_State* L) {
  lua_settop(L, 1);
  return 1;
}

int SeekJob::results(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(position_));
  return 1;
}

int StatusJob::results(lua_State* L) {
  lua_createtable(L, 0, kStatusFields);
  set_status_fields(L, status_);
  return 1;
}

bool run_buffered(File& file) {
  const std::lock_guard lock(file.state->mutex);  // against the flush at exit of another thread
  FileSource source(*file.state, nullptr);
  return file.state->pending.empty() && file.plan.run(source);
}

Failure FileReadJob::operate(BufferedFile& file) {
  if (const Failure reason = file.flush(this)) return reason;
  FileSource source(file, this);
  plan_.run(source);
  return source.failure();
}

int push_results(lua_State* L, BufferedFile& file, const io::ReadPlan& plan) {
  const int count = io::push_results(L, file.ahead, plan);
  file.take(plan.end());
  return count;
}

bool append_pending(lua_State* L, BufferedFile& file) {
  bool flush = false;
  const std::lock_guard lock(file.mutex);
  for (int index = 2; index <= lua_gettop(L); ++index) {
    std::size_t size = 0;
    const char* bytes = lua_tolstring(L, index, &size);  // a string by now: this cannot raise
    file.pending.append({bytes, size});
    flush |= file.must_flush({bytes, size});
  }
  return flush;
}

}  // namespace neap::internal::stdlib::fs
