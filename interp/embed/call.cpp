#include "interp/embed/call.hpp"

#include "neap/convert.hpp"
#include "runtime/lua/error.hpp"
#include "runtime/task/limits.hpp"
#include "runtime/task/trail.hpp"

namespace neap::detail {

namespace {

/// What a thrown value says of itself. Arguments: nothing, the value. Results: the name of its class, the message, the
/// traceback.
int describe(lua_State* L) {
  const int error = 2;
  if (internal::is_error_object(L, error)) {
    luaL_getmetafield(L, error, "__name");
    lua_getfield(L, error, "message");
  } else {
    lua_pushstring(L, luaL_typename(L, error));
    lua_pushvalue(L, error);
  }
  luaL_tolstring(L, -1, nullptr);
  lua_replace(L, -2);
  internal::push_caught_trail(L, error);
  if (!lua_isstring(L, -1) && internal::is_error_object(L, error)) {
    lua_pop(L, 1);
    lua_getfield(L, error, "traceback");
  }
  if (!lua_isstring(L, -1)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "");
  }
  internal::drop_trail(L);
  lua_pushboolean(L, internal::is_cancellation(L, error) ? 1 : 0);
  return 4;
}

std::string text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  return bytes != nullptr ? std::string(bytes, size) : std::string();
}

/// Puts the stack back.
struct Unwind {
  explicit Unwind(lua_State* state) : L(state), top(lua_gettop(state)) {}
  ~Unwind() { lua_settop(L, top); }
  Unwind(const Unwind&) = delete;
  Unwind& operator=(const Unwind&) = delete;

  lua_State* L;
  int top;
};

}  // namespace

void throw_error(Host&, lua_State* L, int index) {
  index = lua_absindex(L, index);
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  const Unwind unwind(L);
  lua_pushcfunction(L, describe);
  lua_pushnil(L);
  lua_pushvalue(L, index);
  if (lua_pcall(L, 2, 4, 0) != LUA_OK) {
    // A __tostring or __index that fails, or no memory.
    throw Error(lua_typename(L, lua_type(L, index)), "an error that cannot be shown");
  }
  const int first = lua_gettop(L) - 3;
  const std::string name = text_at(L, first);
  const std::string message = text_at(L, first + 1);
  std::string traceback = text_at(L, first + 2);
  const bool cancelled = lua_toboolean(L, first + 3) != 0;
  lua_pushvalue(L, index);
  auto value = std::make_shared<const Value>(Reader(opaque(L), lua_gettop(L), Reader::Place::alone, 0).value());
  if (cancelled) throw Cancelled(message, std::move(traceback), std::move(value));
  if (name == "LimitError") throw LimitExceeded(message, std::move(traceback), std::move(value));
  throw Error(name, message, std::move(traceback), std::move(value));
}

void run_protected(lua_State* L, lua_CFunction function, void* argument, int count, int results) {
  const int base = lua_gettop(L) - count;
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, argument);
  lua_rotate(L, base + 1, 2);
  if (lua_pcall(L, count + 1, results, 0) == LUA_OK) return;
  const Results failed(opaque(L), base, 1);
  throw_error(Host::of(L), L, base + 1);
}

Value pop_value(lua_State* L) {
  const Reader top(opaque(L), lua_gettop(L), Reader::Place::alone, 0);
  const Kind kind = top.kind();
  if (kind < Kind::string) {
    Value value = top.value();
    lua_pop(L, 1);
    return value;
  }
  Host& host = Host::of(L);
  std::shared_ptr<Host> shared = host.weak_from_this().lock();
  if (shared == nullptr) {
    lua_pop(L, 1);
    throw Closed("a Value: the interpreter is being destroyed");
  }
  const int number = host.anchor(L);
  try {
    return {kind, std::make_shared<const Anchor>(std::move(shared), number)};
  } catch (const std::bad_alloc&) {
    host.release(number);
    throw;
  }
}

Value to_value(Host& host, Writer& value) {
  host.check("a Value");
  lua_State* L = host.running();
  const Unwind unwind(L);
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  if (push(L, value) == 0) return {};
  return Reader(opaque(L), unwind.top + 1, Reader::Place::alone, 0).value();
}

Results call(Host& host, const Value& function, Writer& arguments) {
  if (function.anchor() == nullptr) Reader(function).fail("function");
  host.check("a call of Lua");
  lua_State* L = host.running();
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  const internal::LimitedCall limited(host.scheduler());
  const int handler = lua_gettop(L) + 1;
  lua_pushcfunction(L, internal::coroutine_message_handler);
  Results results(opaque(L), handler, 0, 1);
  host.push_anchored(L, function.anchor()->number);
  const int count = push(L, arguments);
  if (lua_pcall(L, count, LUA_MULTRET, handler) != LUA_OK) throw_error(host, L, -1);
  results.set_count(lua_gettop(L) - handler);
  if (results.count() > kRoomForValues && lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  return results;
}

Results call(const Value& function, Writer& arguments) {
  if (function.anchor() == nullptr) Reader(function).fail("function");
  return call(*function.anchor()->host, function, arguments);
}

}  // namespace neap::detail
