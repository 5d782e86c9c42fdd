#include "interp/embed/host.hpp"

#include "interp/embed/call.hpp"

#include "neap/error.hpp"

#include <cstdio>
#include <new>
#include <string>
#include <utility>

namespace neap::detail {

namespace {

const char kHost = 0;  // registry key: the Host, as a light userdata

int set_host(lua_State* L) {
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kHost);
  return 0;
}

int anchor_value(lua_State* L) {
  lua_pushinteger(L, internal::scheduler_of(L).anchor(L));
  return 1;
}

/// error, what happened as a light userdata -> nothing: hands both to the exception handler.
int report_error(lua_State* L) {
  lua_createtable(L, 0, 2);
  lua_pushstring(L, static_cast<const char*>(lua_touserdata(L, 2)));
  lua_setfield(L, -2, "message");
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "exception");
  internal::scheduler_of(L).report(L);
  return 0;
}

}  // namespace

Host::Host(const internal::InterpreterOptions& options)
    : thread_(std::this_thread::get_id()),
      owned_(std::make_unique<internal::Interpreter>(options)),
      inside_(owned_.get()),
      remote_(inside_->remote()) {
  lua_State* L = inside_->state();
  lua_pushcfunction(L, set_host);
  lua_pushlightuserdata(L, this);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) throw std::bad_alloc();
}

Host::~Host() { close(); }

Host& Host::of(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kHost);
  auto* host = static_cast<Host*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return *host;
}

void Host::check(const char* what) const {
  if (closed()) throw Closed(std::string(what) + ": the interpreter has been destroyed");
  if (!on_own_thread()) {
    throw WrongThread(std::string(what) + " must be called on the interpreter's thread; other threads have a Remote");
  }
}

int Host::anchor(lua_State* L) {
  lua_pushcfunction(L, anchor_value);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
    lua_pop(L, 1);
    throw std::bad_alloc();
  }
  const auto anchor = static_cast<int>(lua_tointeger(L, -1));
  lua_pop(L, 1);
  return anchor;
}

void Host::release(int anchor) noexcept {
  if (closed()) return;
  if (on_own_thread()) return scheduler().release(inside_->state(), anchor);
  try {
    const std::lock_guard lock(mutex_);
    if (closed()) return;
    given_up_.push_back(anchor);
    if (given_up_.size() == 1) remote_->post([this] { release_given_up(); });
  } catch (const std::bad_alloc&) {
    // It stays alive until the interpreter ends.
  }
}

void Host::release_given_up() {
  std::vector<int> anchors;
  {
    const std::lock_guard lock(mutex_);
    anchors.swap(given_up_);
  }
  for (const int anchor : anchors) scheduler().release(inside_->state(), anchor);
}

bool Host::post(std::function<void()> work) { return remote_->post(std::move(work)); }

bool Host::hold() {
  const std::lock_guard lock(mutex_);
  if (closed()) return false;
  inside_->loop().hold();
  return true;
}

void Host::report_exception(const char* what) noexcept {
  if (closed()) {
    std::fprintf(stderr, "neap: %s, while the interpreter is destroyed\n", what);
    return;
  }
  lua_State* L = running();
  const int top = lua_gettop(L);
  push_exception(L, "");
  lua_pushcfunction(L, report_error);
  lua_insert(L, -2);
  lua_pushlightuserdata(L, const_cast<char*>(what));
  lua_pcall(L, 2, 0, 0);
  lua_settop(L, top);
}

void Host::close() {
  if (closed()) return;
  inside_->check_idle();
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  inside_->end_tasks();
  {
    const std::lock_guard lock(mutex_);
    closed_.store(true, std::memory_order_release);
  }
  owned_.reset();
  inside_ = nullptr;
}

}  // namespace neap::detail
