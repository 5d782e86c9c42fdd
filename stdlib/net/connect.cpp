// Connections made from here.
#include "runtime/lua/bind.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/address.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/net/module.hpp"
#include "stdlib/permissions/gate.hpp"
#include "stdlib/stream/stream.hpp"

#include <utility>

namespace neap::internal::stdlib::net {

namespace {

/// The Stream is closed, which ends the attempt.
void abandon_connect(Scheduler& scheduler, Task& task) {
  auto& stream = *static_cast<Stream*>(task.wait_object);
  stream.handle->connector = nullptr;
  close_stream(stream, scheduler, true);
}

constexpr WaitKind kConnect{.abandon = abandon_connect, .name = "connect"};

void on_connected(uv_connect_t* request, int status) {
  auto& handle = *static_cast<StreamHandle*>(request->handle->data);
  handle.connect_status = status;
  Task* task = std::exchange(handle.connector, nullptr);
  if (task != nullptr && handle.scheduler != nullptr) handle.scheduler->wake(*task);
}

[[noreturn]] void raise_unconnected(lua_State* L, Stream& stream, int code, const char* syscall) {
  close_stream(stream, scheduler_of(L), true);
  io::raise_uv(L, code, syscall, lua_tostring(L, 1));
}

/// Index 1 is the address as text, the Stream is on the top.
int connect_resumed(lua_State* L, int, lua_KContext) {
  finish_wait(L);
  Stream& stream = *to_stream(L, -1);
  if (const int code = stream.handle->connect_status; code != 0) raise_unconnected(L, stream, code, "connect");
  stream_connected(L, stream);
  return 1;
}

int wait_connected(lua_State* L, Task& task, Stream& stream) {
  stream.handle->connector = &task;
  return park(L, task, kConnect, &stream, connect_resumed);
}

/// tcp_connect(text, host, port, local_host, local_port): the hosts are numeric; `text` names the address in errors.
int tcp_connect(lua_State* L) {
  lua_settop(L, 5);
  sockaddr_storage address;
  sockaddr_storage local;
  if (!io::parse_address(luaL_checkstring(L, 2), static_cast<int>(luaL_checkinteger(L, 3)), &address)) {
    raise(L, ErrorKind::value, "'%s' is no numeric address", lua_tostring(L, 2));
  }
  const bool bound_first = !lua_isnil(L, 4);
  if (bound_first && !io::parse_address(luaL_checkstring(L, 4), static_cast<int>(luaL_optinteger(L, 5, 0)), &local)) {
    raise(L, ErrorKind::value, "local_addr: '%s' is no numeric address", lua_tostring(L, 4));
  }
  check_net(L, reinterpret_cast<const sockaddr*>(&address));
  Task& task = check_can_wait(L, kConnect.name);
  Stream& stream = new_stream(L, StreamKind::tcp);
  uv_tcp_t* tcp = &stream.handle->tcp;
  if (bound_first) {
    const int code = uv_tcp_bind(tcp, reinterpret_cast<const sockaddr*>(&local), 0);
    if (code != 0) raise_unconnected(L, stream, code, "bind");
  }
  const int code =
      uv_tcp_connect(&stream.handle->connecting, tcp, reinterpret_cast<const sockaddr*>(&address), on_connected);
  if (code != 0) raise_unconnected(L, stream, code, "connect");
  return wait_connected(L, task, stream);
}

/// pipe_connect(path)
int pipe_connect(lua_State* L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  Task& task = check_can_wait(L, kConnect.name);
  Stream& stream = new_stream(L, StreamKind::pipe);
  bool denied = false;
  {
    const Confinement confined(permissions_of(L));
    Reach reach;  // what does not exist is told by the attempt
    denied = reach.object(lua_tostring(L, 1), kToRead | kToWrite) == kDenied;
    if (!denied) {
      uv_pipe_connect(&stream.handle->connecting, &stream.handle->pipe, reach.path(), on_connected);
    }
  }
  if (denied) {
    close_stream(stream, scheduler_of(L), true);
    raise_denial(L);
  }
  return wait_connected(L, task, stream);
}

/// is_numeric(host): true for an IPv4 or IPv6 address.
int is_numeric(lua_State* L) {
  sockaddr_storage address;
  lua_pushboolean(L, io::parse_address(luaL_checkstring(L, 1), 0, &address));
  return 1;
}

int is_detached(lua_State* L) {
  lua_pushboolean(L, check_stream(L, 1, "is_detached").detached);
  return 1;
}

}  // namespace

void add_connecting(lua_State* L) {
  static const luaL_Reg kFunctions[] = {
      {"tcp_connect", bound<tcp_connect>}, {"pipe_connect", bound<pipe_connect>},
      {"is_numeric", bound<is_numeric>},   {"set_limits", bound<set_stream_limits>},
      {"is_detached", bound<is_detached>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::net
