#include "runtime/loop/host_loop.hpp"

#include "runtime/loop/system_error.hpp"

#include <stdexcept>
#include <string>

namespace neap::internal {

namespace {

constexpr Deadline kMillisecond = 1'000'000;
constexpr Deadline kLongestTimer = Deadline{1000} * 3600 * 24 * kMillisecond;

template <class Handle>
uv_handle_t* base(Handle& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

}  // namespace

/// They live until the application's loop has closed them all.
struct HostLoop::Handles {
  static constexpr int kCount = 4;

  /// The callback of every handle that runs the guest.
  template <class Handle>
  static void run(Handle* handle) {
    auto& self = *static_cast<Handles*>(handle->data);
    if (self.owner != nullptr) self.owner->guest_.run_on_host();
  }
  template <class Handle>
  void adopt(Handle& handle) {
    handle.data = this;
    uv_unref(base(handle));
  }
  template <class Handle>
  void close(Handle& handle) {
    uv_close(base(handle), [](uv_handle_t* closed) {
      auto* self = static_cast<Handles*>(closed->data);
      if (--self->open == 0) delete self;
    });
  }

  HostLoop* owner = nullptr;  // null once it has gone
  int open = kCount;
  uv_poll_t poll{};        // of the guest's descriptor; the one that is referenced
  uv_timer_t timer{};      // of the guest's next deadline
  uv_idle_t idle{};        // while the guest can run at once
  uv_prepare_t prepare{};  // looks at the guest before the loop waits
};

HostLoop::HostLoop(uv_loop_t* loop, int descriptor, Guest& guest) : guest_(guest), handles_(new Handles()) {
  Handles& all = *handles_;
  if (const int code = uv_poll_init(loop, &all.poll, descriptor); code != 0) {
    delete handles_;
    throw SystemFailure("cannot run on the application's loop", code);
  }
  all.owner = this;
  uv_timer_init(loop, &all.timer);
  uv_idle_init(loop, &all.idle);
  uv_prepare_init(loop, &all.prepare);
  all.adopt(all.poll);
  all.adopt(all.timer);
  all.adopt(all.idle);
  all.adopt(all.prepare);
  uv_poll_start(&all.poll, UV_READABLE, [](uv_poll_t* handle, int, int) { Handles::run(handle); });
  uv_prepare_start(&all.prepare, [](uv_prepare_t* handle) {
    const auto& self = *static_cast<Handles*>(handle->data);
    if (self.owner != nullptr) self.owner->refresh();
  });
  refresh();
}

HostLoop::~HostLoop() {
  Handles& all = *handles_;
  all.owner = nullptr;
  all.close(all.poll);
  all.close(all.timer);
  all.close(all.idle);
  all.close(all.prepare);
}

void HostLoop::refresh() {
  Handles& all = *handles_;
  if (guest_.has_work()) {
    uv_ref(base(all.poll));
  } else {
    uv_unref(base(all.poll));
  }
  const Deadline left = guest_.time_left();
  if (left == 0) {
    if (uv_is_active(base(all.idle)) == 0) uv_idle_start(&all.idle, Handles::run<uv_idle_t>);
    return;
  }
  uv_idle_stop(&all.idle);
  set_timer(left);
}

void HostLoop::set_timer(Deadline left) {
  Handles& all = *handles_;
  if (left == kNever) {
    uv_timer_stop(&all.timer);
    return;
  }
  // libuv's time is that of uv_hrtime in whole milliseconds, as of the beginning of the turn.
  const Deadline when = static_cast<Deadline>(uv_hrtime()) + (left < kLongestTimer ? left : kLongestTimer);
  const auto due = static_cast<std::uint64_t>((when + kMillisecond - 1) / kMillisecond);
  const std::uint64_t now = uv_now(all.timer.loop);
  if (uv_is_active(base(all.timer)) != 0 && due_ == due) return;
  due_ = due;
  uv_timer_start(&all.timer, Handles::run<uv_timer_t>, due > now ? due - now : 0, 0);
}

}  // namespace neap::internal
