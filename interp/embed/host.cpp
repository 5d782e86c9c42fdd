#include "interp/embed/host.hpp"

#include "neap/error.hpp"

#include <new>
#include <string>

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

}  // namespace

Host::Host(const internal::InterpreterOptions& options) : thread_(std::this_thread::get_id()) {
  inside_.emplace(options);
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
    if (given_up_.size() == 1) inside_->loop().post([this] { release_given_up(); });
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

void Host::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_.exchange(true)) return;
  }
  inside_.reset();
}

}  // namespace neap::detail
