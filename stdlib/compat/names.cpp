// Addresses to names, on the thread pool; the machine's name; services.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/offload.hpp"
#include "stdlib/compat/socket.hpp"
#include "stdlib/io/address.hpp"
#include "stdlib/permissions/gate.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace neap::internal::stdlib::compat {

namespace {

constexpr WaitKind kName = offload_wait("getnameinfo");

class NameJob final : public Job {
 public:
  NameJob(const sockaddr_storage& address, int flags) : address_(address), flags_(flags) {}

  void work() noexcept override {
    const socklen_t size = address_.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    code_ = getnameinfo(reinterpret_cast<const sockaddr*>(&address_), size, host_, sizeof host_, service_,
                        sizeof service_, flags_);
  }

  int answer(lua_State* L) override {
    if (code_ != 0) {
      luaL_pushfail(L);
      lua_pushstring(L, gai_strerror(code_));
      return 2;
    }
    lua_pushstring(L, host_);
    lua_pushstring(L, service_);
    return 2;
  }

 private:
  sockaddr_storage address_;
  int flags_;
  int code_ = 0;
  char host_[NI_MAXHOST] = "";
  char service_[NI_MAXSERV] = "";
};

/// getnameinfo(host, port, required): the host is numeric. Its name and the service's; nil and a message when it has
/// none and `required` is true.
int get_name_info(lua_State* L) {
  sockaddr_storage address;
  if (!io::parse_address(luaL_checkstring(L, 1), static_cast<int>(luaL_checkinteger(L, 2)), &address)) {
    raise(L, ErrorKind::value, "'%s' is no numeric address", lua_tostring(L, 1));
  }
  if (permissions_of(L) != nullptr) raise_unavailable(L, "the name of an address", "");
  const int flags = lua_toboolean(L, 3) != 0 ? NI_NAMEREQD : 0;
  Task& task = check_can_wait(L, kName.name);
  return offload(L, task, kName, std::make_unique<NameJob>(address, flags));
}

/// family_of(host): "inet" or "inet6" of a numeric one, else nil.
int family_of(lua_State* L) {
  sockaddr_storage address;
  if (!io::parse_address(luaL_checkstring(L, 1), 0, &address)) {
    luaL_pushfail(L);
  } else {
    lua_pushstring(L, address.ss_family == AF_INET6 ? "inet6" : "inet");
  }
  return 1;
}

/// service_port(name): of a service in the system's list, or nil.
int service_port(lua_State* L) {
  const servent* service = getservbyname(luaL_checkstring(L, 1), nullptr);
  if (service == nullptr) {
    luaL_pushfail(L);
  } else {
    lua_pushinteger(L, ntohs(static_cast<std::uint16_t>(service->s_port)));
  }
  return 1;
}

int get_host_name(lua_State* L) {
  if (permissions_of(L) != nullptr) raise_unavailable(L, "the name of this machine", "");
  char name[257] = "";
  if (::gethostname(name, sizeof name - 1) != 0) return push_failure(L, errno);
  lua_pushstring(L, name);
  return 1;
}

}  // namespace

void add_naming(lua_State* L) {
  open_offload(L);
  static const luaL_Reg kFunctions[] = {
      {"getnameinfo", bound<get_name_info>},
      {"family_of", bound<family_of>},
      {"service_port", bound<service_port>},
      {"gethostname", bound<get_host_name>},
  };
  set_functions(L, kFunctions);
}

}  // namespace neap::internal::stdlib::compat
