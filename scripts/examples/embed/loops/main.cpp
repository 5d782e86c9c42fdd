// neap on a loop that is not its own: first the application's uv_loop_t, then a poll() loop that could be Qt's or
// asio's.
#include <neap/lua.hpp>
#include <neap/neap.hpp>

#include <poll.h>
#include <uv.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace {

constexpr const char* kScript = R"(
  for i = 1, 3 do
    async.sleep(0.02)
    print(name .. " " .. i)
  end)";

/// The application runs its loop as ever; the interpreter's tasks run with it.
void on_uv_loop() {
  uv_loop_t loop;
  uv_loop_init(&loop);
  {
    neap::Options options;
    neap::use_loop(options, &loop);
    neap::Interpreter lua(options);
    lua.set("name", "uv");
    const neap::Task task = lua.spawn(lua.load_string(kScript));
    uv_run(&loop, UV_RUN_DEFAULT);
    std::printf("uv done: %d\n", task.done() ? 1 : 0);
  }
  uv_run(&loop, UV_RUN_DEFAULT);  // what the interpreter has closed
  std::printf("uv closed: %d\n", uv_loop_close(&loop));
}

/// The application waits for its own descriptors, and for the interpreter's.
void on_poll() {
  neap::Interpreter lua;
  lua.set("name", "poll");
  const neap::Task task = lua.spawn(lua.load_string(kScript));
  while (!task.done()) {
    pollfd ready{lua.backend_fd(), POLLIN, 0};
    const double wait = lua.next_timeout();
    poll(&ready, 1, std::isinf(wait) ? -1 : static_cast<int>(std::ceil(std::min(wait, 60.0) * 1000)));
    lua.step(0.005);
  }
  std::printf("poll done: 1\n");
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  on_uv_loop();
  on_poll();
}
