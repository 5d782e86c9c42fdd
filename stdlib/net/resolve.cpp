// Names to addresses. The system's look-up may hang and cannot be stopped: each has a thread of its own, which nobody
// waits for.
#include "runtime/lua/bind.hpp"
#include "runtime/task/offload.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/io/address.hpp"
#include "stdlib/io/problem.hpp"
#include "stdlib/net/module.hpp"
#include "stdlib/permissions/gate.hpp"

#include <netdb.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

namespace neap::internal::stdlib::net {

namespace {

constexpr WaitKind kResolve = offload_wait("getaddrinfo");

/// libuv's code of getaddrinfo's.
int translate(int code) {
  switch (code) {
    case EAI_AGAIN: return UV_EAI_AGAIN;
    case EAI_BADFLAGS: return UV_EAI_BADFLAGS;
    case EAI_FAIL: return UV_EAI_FAIL;
    case EAI_FAMILY: return UV_EAI_FAMILY;
    case EAI_MEMORY: return UV_EAI_MEMORY;
    case EAI_SERVICE: return UV_EAI_SERVICE;
    case EAI_SOCKTYPE: return UV_EAI_SOCKTYPE;
    case EAI_SYSTEM: return uv_translate_sys_error(errno);
    default: return UV_EAI_NONAME;
  }
}

std::atomic<int> g_lookups{0};  // of all states: those that have not ended, those included that were given up

class ResolveJob final : public Job {
 public:
  ResolveJob(const char* host, const char* service, const addrinfo& hints)
      : host_(host != nullptr ? host : ""),
        service_(service != nullptr ? service : ""),
        hints_(hints) {
    ++g_lookups;
  }
  ~ResolveJob() override {
    --g_lookups;
    if (found_ != nullptr) freeaddrinfo(found_);
  }

  void work() noexcept override {
    const int code = getaddrinfo(host_.empty() ? nullptr : host_.c_str(), service_.empty() ? nullptr : service_.c_str(),
                                 &hints_, &found_);
    if (code != 0) problem_ = translate(code);
  }

  int answer(lua_State* L) override {
    if (problem_ != 0) io::raise_uv(L, problem_, "getaddrinfo", host_.c_str());
    lua_newtable(L);
    lua_Integer count = 0;
    for (const addrinfo* each = found_; each != nullptr; each = each->ai_next) {
      learn(L, each->ai_addr);
      io::push_address(L, each->ai_addr);
      if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        continue;
      }
      lua_pushstring(L, each->ai_family == AF_INET6 ? "inet6" : "inet");
      lua_setfield(L, -2, "family");
      lua_pushstring(L, each->ai_socktype == SOCK_DGRAM ? "dgram" : "stream");
      lua_setfield(L, -2, "type");
      if (each->ai_canonname != nullptr) {
        lua_pushstring(L, each->ai_canonname);
        lua_setfield(L, -2, "canonname");
      }
      lua_rawseti(L, -2, ++count);
    }
    return 1;
  }

 private:
  /// In a sandbox that allows the host, its addresses are allowed too.
  void learn(lua_State* L, const sockaddr* address) const {
    const Permissions* permissions = permissions_of(L);
    if (permissions != nullptr && !host_.empty()) permissions->learn(numeric_host(address), host_);
  }

  std::string host_;
  std::string service_;
  addrinfo hints_;
  addrinfo* found_ = nullptr;
  int problem_ = 0;
};

/// getaddrinfo(host, service, family, type, passive): "" or nil is no host. A list of {host=, port=, family=, type=}.
int resolve(lua_State* L) {
  const char* host = luaL_optstring(L, 1, nullptr);
  const char* service = luaL_optstring(L, 2, nullptr);
  const std::string_view family = luaL_optstring(L, 3, "any");
  const std::string_view type = luaL_optstring(L, 4, "stream");
  if (host != nullptr && *host != '\0') check_lookup(L, host);
  addrinfo hints{};
  hints.ai_family = family == "inet" ? AF_INET : family == "inet6" ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = type == "dgram" ? SOCK_DGRAM : SOCK_STREAM;
  if (lua_toboolean(L, 5) != 0) hints.ai_flags |= AI_PASSIVE;
  Task& task = check_can_wait(L, kResolve.name);
  return offload_apart(L, task, kResolve, std::make_unique<ResolveJob>(host, service, hints));
}

/// lookups(): how many are under way, in the whole process.
int count_lookups(lua_State* L) {
  lua_pushinteger(L, g_lookups);
  return 1;
}

}  // namespace

void add_resolving(lua_State* L) {
  lua_pushcfunction(L, bound<count_lookups>);
  lua_setfield(L, -2, "lookups");
  lua_pushcfunction(L, bound<resolve>);
  lua_setfield(L, -2, "getaddrinfo");
}

}  // namespace neap::internal::stdlib::net
