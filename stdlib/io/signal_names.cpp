#include "stdlib/io/signal_names.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"

#include <csignal>
#include <string_view>

namespace neap::internal::stdlib::io {

namespace {

constexpr struct {
  const char* name;
  int number;
} kSignals[] = {
    {"SIGABRT", SIGABRT}, {"SIGALRM", SIGALRM}, {"SIGBUS", SIGBUS},       {"SIGCHLD", SIGCHLD},   {"SIGCONT", SIGCONT},
    {"SIGFPE", SIGFPE},   {"SIGHUP", SIGHUP},   {"SIGILL", SIGILL},       {"SIGINT", SIGINT},     {"SIGIO", SIGIO},
    {"SIGKILL", SIGKILL}, {"SIGPIPE", SIGPIPE}, {"SIGPROF", SIGPROF},     {"SIGQUIT", SIGQUIT},   {"SIGSEGV", SIGSEGV},
    {"SIGSTOP", SIGSTOP}, {"SIGSYS", SIGSYS},   {"SIGTERM", SIGTERM},     {"SIGTRAP", SIGTRAP},   {"SIGTSTP", SIGTSTP},
    {"SIGTTIN", SIGTTIN}, {"SIGTTOU", SIGTTOU}, {"SIGURG", SIGURG},       {"SIGUSR1", SIGUSR1},   {"SIGUSR2", SIGUSR2},
    {"SIGXCPU", SIGXCPU}, {"SIGXFSZ", SIGXFSZ}, {"SIGVTALRM", SIGVTALRM}, {"SIGWINCH", SIGWINCH},
};

constexpr std::string_view kPrefix = "SIG";

}  // namespace

int check_signal(lua_State* L, int index, const char* method) {
  if (lua_type(L, index) == LUA_TSTRING) {
    const std::string_view text = check_view(L, index);
    for (const auto& [name, number] : kSignals) {
      const std::string_view whole = name;
      if (text == whole || text == whole.substr(kPrefix.size())) return number;
    }
    raise(L, ErrorKind::value, "%s: there is no signal '%s'", method, text.data());
  }
  int exact = 0;
  const lua_Integer number = lua_tointegerx(L, index, &exact);
  if (exact == 0 || lua_type(L, index) != LUA_TNUMBER) {
    raise(L, ErrorKind::type, "%s takes a signal, its name or number, got %s", method, type_name(L, index));
  }
  if (number < 0 || number >= NSIG) {
    raise(L, ErrorKind::value, "%s: there is no signal %I", method, number);
  }
  return static_cast<int>(number);
}

const char* signal_name(int number) {
  for (const auto& signal : kSignals) {
    if (signal.number == number) return signal.name;
  }
  return nullptr;
}

}  // namespace neap::internal::stdlib::io
