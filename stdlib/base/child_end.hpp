// A child whose end is waited for: of a pipe of io.popen that was closed, or of os.execute.
//
//   writing ──> closed ──> ended
//
// What the script has written to the pipe and the pipe has not taken yet goes first; then the pipe is closed; then the
// child's end is waited for. All that goes on without the task: a wait that is cancelled leaves nothing behind.
//
// Owner: itself, in the list of AwaitedFiles. It deletes itself when it has ended and nobody waits for it; a task that
// waits deletes it.
#pragma once

#include "runtime/task/task.hpp"
#include "stdlib/base/awaited_file.hpp"
#include "stdlib/io/exit_watch.hpp"

#include <memory>

namespace neap::internal::stdlib {

struct ChildEnd : WaitLink {
  ChildEnd(Scheduler& of, AwaitedFiles& files, pid_t of_pid);
  ~ChildEnd();
  ChildEnd(const ChildEnd&) = delete;
  ChildEnd& operator=(const ChildEnd&) = delete;

  Scheduler& scheduler;
  pid_t pid;
  std::unique_ptr<io::ExitWatch> to_watch;  // until it does
  std::unique_ptr<AwaitedFile> pipe;        // until it is closed
  io::Readiness* room = nullptr;            // of the pipe, while it is full
  io::ExitWatch* watch = nullptr;           // once it is closed, until the end
  Task* waiter = nullptr;
  int status = 0;
  bool ended = false;
  bool stopped = false;  // it was told to end: closing the state does not wait for it
};

/// Does what can be done now, and goes on by itself.
void proceed(ChildEnd& child);

/// Waits, blocking, until the child has ended; its status. Deletes the ChildEnd.
int end_now(ChildEnd& child);

}  // namespace neap::internal::stdlib
