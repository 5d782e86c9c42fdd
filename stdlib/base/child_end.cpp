#include "stdlib/base/child_end.hpp"

#include "runtime/task/scheduler.hpp"

#include <cstdio>
#include <utility>

namespace neap::internal::stdlib {

namespace {

void on_ended(void* owner, int status) {
  auto& child = *static_cast<ChildEnd*>(owner);
  child.watch = nullptr;
  child.status = status;
  child.ended = true;
  if (child.waiter == nullptr) {
    delete &child;
  } else {
    child.scheduler.wake(*child.waiter);
  }
}

void close_file(ChildEnd& child) {
  if (io::Readiness* room = std::exchange(child.room, nullptr)) room->close();
  std::FILE* file = child.pipe->file;
  child.pipe.reset();
  std::fclose(file);
}

}  // namespace

ChildEnd::ChildEnd(Scheduler& of, AwaitedFiles& files, pid_t of_pid)
    : scheduler(of),
      pid(of_pid),
      to_watch(io::ExitWatch::make(on_ended, this)) {
  files.children.push_back(*this);
}

ChildEnd::~ChildEnd() {
  if (room != nullptr) room->close();
  if (watch != nullptr) watch->stop();
  prev->next = next;
  next->prev = prev;
}

void proceed(ChildEnd& child) {
  uv_loop_t* loop = child.scheduler.loop().uv();
  if (child.pipe != nullptr) {
    if (!write_due(*child.pipe, false)) {
      if (child.room == nullptr) {
        const auto on_room = [](void* owner) {
          auto& self = *static_cast<ChildEnd*>(owner);
          self.room->stop();
          proceed(self);
        };
        child.room = io::Readiness::open(loop, child.pipe->fd, true, on_room, &child);
      }
      if (child.room != nullptr) return child.room->start();
      write_due(*child.pipe, true);
    }
    close_file(child);
  }
  child.watch = child.to_watch.release()->start(loop, child.pid);
}

int end_now(ChildEnd& child) {
  if (child.pipe != nullptr) {
    write_due(*child.pipe, true);
    close_file(child);
  }
  if (!child.ended && !child.stopped) child.status = io::wait_blocking(child.pid);
  const int status = child.status;
  delete &child;
  return status;
}

}  // namespace neap::internal::stdlib
