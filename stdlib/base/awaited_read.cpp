// io.read, io.lines, and the read and lines of files. Of a file that is not an AwaitedFile they are stock Lua's.
#include "runtime/lua/bind.hpp"
#include "runtime/lua/continuation.hpp"
#include "runtime/task/park.hpp"
#include "runtime/task/scheduler.hpp"
#include "stdlib/base/awaited_file.hpp"
#include "stdlib/io/formats.hpp"
#include "stdlib/io/stdin_bytes.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace neap::internal::stdlib {

namespace {

constexpr WaitKind kRead{.abandon = abandon_awaited, .name = "io.read"};
constexpr int kBlocked = -1;      // what an attempt gives that has to wait
constexpr int kReadsInARow = 16;  // then others have their turn, however fast the data comes
constexpr lua_KContext kLines =
    256;  // of a call: it is one of the iterator of `lines`; added to the first format's index

// While a call runs, its formats are on the stack from index `first` on, and the file is on top of them.

int first_format(lua_KContext call) { return static_cast<int>(call % kLines); }

class DescriptorSource final : public io::ReadSource {
 public:
  DescriptorSource(AwaitedFile& file, bool blocking)
      : ReadSource(file.bytes, file.begin),
        file_(file),
        blocking_(blocking) {}

  io::More more(std::size_t) override {
    if (begin != 0) {
      ahead.remove_front(begin);
      begin = 0;
    }
    if (!blocking_ && (reads_++ == kReadsInARow || is_for_prompt() || !io::is_ready(file_.fd, false))) {
      return io::More::blocked;
    }
    ahead.reserve_more(file_.block);
    const std::size_t size = file_.buffering == Buffering::none ? 1 : file_.block;
    ssize_t count = 0;
    do {
      count = ::read(file_.fd, ahead.data() + ahead.size(), size);
    } while (count < 0 && errno == EINTR);
    if (count == 0) return io::More::end;
    if (count > 0) {
      ahead.added(static_cast<std::size_t>(count));
      return io::More::got;
    }
    if (!blocking_ && (errno == EAGAIN || errno == EWOULDBLOCK)) return io::More::blocked;
    file_.error = errno;
    return io::More::failed;
  }

  io::More rest() override {
    for (;;) {
      const io::More outcome = more(0);
      if (outcome != io::More::got) return outcome;
    }
  }

 private:
  /// True while what is typed at the terminal is an interactive prompt's.
  [[nodiscard]] bool is_for_prompt() const {
    StandardStreams* const console = file_.scheduler.console;
    return console != nullptr && file_.file == stdin && console->takes_input();
  }

  AwaitedFile& file_;
  bool blocking_;
  int reads_ = 0;
};

/// Adds the format at `index` to the plan; false when it is none.
bool add_format(lua_State* L, int index, io::ReadPlan& plan) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    int exact = 0;
    const lua_Integer count = lua_tointegerx(L, index, &exact);
    if (exact != 0 && count >= 0) plan.items.push_back({io::Format::count, static_cast<std::size_t>(count)});
    return exact != 0 && count >= 0;
  }
  if (lua_type(L, index) != LUA_TSTRING) return false;
  const char* format = lua_tostring(L, index);
  switch (format[*format == '*' ? 1 : 0]) {
    case 'l': plan.items.push_back({io::Format::line, 0}); return true;
    case 'L': plan.items.push_back({io::Format::line_with_end, 0}); return true;
    case 'a': plan.items.push_back({io::Format::rest, 0}); return true;
    case 'n': plan.items.push_back({io::Format::number, 0}); return true;
    default: return false;
  }
}

[[noreturn]] void raise_bad_format(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    luaL_checkinteger(L, index);
    lua_pushliteral(L, "not enough memory");  // of a negative number, which stock Lua takes for a huge one
    lua_error(L);
  }
  luaL_checkstring(L, index);
  luaL_argerror(L, index, "invalid format");
  std::abort();  // not reached
}

/// Reads what the formats say, as far as they are right: as in stock Lua, a wrong one is found when its turn comes.
/// The number of results, which are pushed, or kBlocked. `holds`: the task is the file's holder, and not any more then.
int attempt(lua_State* L, AwaitedFile& file, int first, bool holds) {
  const int top = lua_gettop(L);
  io::ReadPlan& plan = file.plan;
  plan.items.clear();
  int wrong = first;
  while (wrong < top && add_format(L, wrong, plan)) ++wrong;
  if (first == top) plan.items.emplace_back();
  DescriptorSource source(file, !holds || file.readiness == nullptr);
  file.error = 0;
  const bool complete = plan.run(source);
  if (!complete && file.error == 0) return kBlocked;
  if (holds) file.pass_on();  // before anything that may raise
  if (!complete) {
    errno = file.error;
    return luaL_fileresult(L, 0, nullptr);
  }
  const int count = io::push_results(L, file.bytes, plan);
  file.begin = plan.end();
  if (file.unused() == 0) {
    file.bytes.clear();
    file.begin = 0;
  }
  if (wrong < top && (count == 0 || !lua_isnil(L, -1))) raise_bad_format(L, wrong);
  return count;
}

/// The answer of a call that ended with so many results.
int answer(lua_State* L, int count, lua_KContext call) {
  if (call < kLines || lua_toboolean(L, -count) != 0) return count;
  if (count > 1) return luaL_error(L, "%s", lua_tostring(L, 1 - count));
  return 0;
}

/// The file of a call that has waited.
AwaitedFile& file_after_wait(lua_State* L) {
  AwaitedFile* file = awaited_file(L, -1, false);
  if (file != nullptr) return *file;
  luaL_error(L, "attempt to use a closed file");
  std::abort();  // not reached
}

int turn_has_come(lua_State* L, int, lua_KContext call);

/// For the holder, which passes the file on when there is no memory for what it reads: without others that wait it is
/// the holder only once it waits itself.
int attempt_as_holder(lua_State* L, AwaitedFile& file, lua_KContext call) {
  if (file.waiters.empty()) {
    file.holder = nullptr;
    return attempt(L, file, first_format(call), true);
  }
  const EssentialMemory essential(allocator_of(L));
  try {
    return attempt(L, file, first_format(call), true);
  } catch (...) {
    file.pass_on();
    throw;
  }
}

/// The task is the holder.
int read_on(lua_State* L, AwaitedFile& file, lua_KContext call) {
  const int count = attempt_as_holder(L, file, call);
  if (count != kBlocked) return answer(L, count, call);
  Task& task = *scheduler_of(L).current();
  file.holder = &task;
  if (task.must_cancel != 0) {
    file.pass_on();
    raise_cancelled(L, task);
  }
  file.watch(task);
  return park(L, task, kRead, &file, bound_continuation<turn_has_come>, call);
}

int turn_has_come(lua_State* L, int, lua_KContext call) {
  finish_wait(L);
  return read_on(L, file_after_wait(L), call);
}

template <lua_KContext call>
int begin_read(lua_State* L, AwaitedFile& file) {
  luaL_checkstack(L, lua_gettop(L) + LUA_MINSTACK, "too many arguments");
  if (file.file == scheduler_of(L).standard_input) io::take_over_stdin(L, io::StdinReader::lua_io);
  if (!scheduler_of(L).can_suspend(L)) return answer(L, attempt(L, file, first_format(call), false), call);
  Task& task = check_can_wait(L, kRead.name);
  if (satisfied_too_often(L)) {
    return park_ready(L, task, [](lua_State* state, int, lua_KContext) {
      finish_wait(state);
      return begin_read<call>(state, file_after_wait(state));
    });
  }
  if (file.holder == nullptr) {
    file.holder = &task;
    return read_on(L, file, call);
  }
  file.waiters.push_back(task);
  return park(L, task, kRead, &file, bound_continuation<turn_has_come>, call);
}

/// io.read(...)
int io_read(lua_State* L) {
  AwaitedFile* file = push_awaited_default(L, "_IO_input", false);
  return file == nullptr ? stock_io(L).read(L) : begin_read<1>(L, *file);
}

/// file:read(...)
int file_read(lua_State* L) {
  AwaitedFile* file = awaited_file(L, 1, false);
  if (file == nullptr) return stock_io(L).file_read(L);
  lua_pushvalue(L, 1);
  return begin_read<2>(L, *file);
}

/// The iterator of `lines`. Upvalues: the file, the number of formats, the formats.
int lines_step(lua_State* L) {
  const auto count = static_cast<int>(lua_tointeger(L, lua_upvalueindex(2)));
  AwaitedFile* file = awaited_file(L, lua_upvalueindex(1), false);
  if (file == nullptr) return luaL_error(L, "file is already closed");
  lua_settop(L, 1);
  luaL_checkstack(L, count + 1, "too many arguments");
  for (int i = 1; i <= count; ++i) lua_pushvalue(L, lua_upvalueindex(2 + i));
  lua_pushvalue(L, lua_upvalueindex(1));
  return begin_read<kLines + 2>(L, *file);
}

/// With the file at index 1 and the formats above it.
int push_lines(lua_State* L) {
  const int count = lua_gettop(L) - 1;
  luaL_argcheck(L, count <= io::kMostFormats, io::kMostFormats + 2, "too many arguments");
  lua_pushinteger(L, count);
  lua_insert(L, 2);
  lua_pushcclosure(L, bound<lines_step>, count + 2);
  return 1;
}

/// io.lines(name, ...)
int io_lines(lua_State* L) {
  if (!lua_isnoneornil(L, 1) || push_awaited_default(L, "_IO_input", false) == nullptr) return stock_io(L).lines(L);
  if (lua_gettop(L) > 1) lua_replace(L, 1);
  return push_lines(L);
}

/// file:lines(...)
int file_lines(lua_State* L) {
  return awaited_file(L, 1, false) == nullptr ? stock_io(L).file_lines(L) : push_lines(L);
}

}  // namespace

void replace_reading(lua_State* L) {
  static const luaL_Reg kMethods[] = {{"read", bound<file_read>}, {"lines", bound<file_lines>}};
  set_functions(L, kMethods);
  lua_pushvalue(L, -2);
  static const luaL_Reg kFunctions[] = {{"read", bound<io_read>}, {"lines", bound<io_lines>}};
  set_functions(L, kFunctions);
  lua_pop(L, 1);
}

}  // namespace neap::internal::stdlib
