// C++ functions that Lua calls.
#include "interp/embed/call.hpp"
#include "interp/embed/object.hpp"
#include "interp/embed/operation.hpp"
#include "neap/function.hpp"
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/error.hpp"

#include <uv.h>

#include <cstring>
#include <new>
#include <stdexcept>
#include <system_error>

namespace neap::detail {

namespace {

using internal::ErrorKind;

const char kPayload = 0;  // registry key: the metatable of userdata that own a Payload

constexpr int kFailed = -1;

/// What an exception says to Lua. Lives in the C++ frame that has caught it, while Lua makes an error of it.
struct Thrown {
  std::string class_name = "RuntimeError";
  std::string message;
  std::string code;                    // of an OSError
  int number = 0;                      // its errno
  std::shared_ptr<const Value> value;  // an error that came out of Lua
  bool no_memory = false;
};

ErrorKind kind_called(const std::string& name) {
  for (int i = 0; i < static_cast<int>(ErrorKind::count_); ++i) {
    if (name == internal::error_name(static_cast<ErrorKind>(i))) return static_cast<ErrorKind>(i);
  }
  return ErrorKind::count_;
}

/// Makes an error object. Arguments: the Thrown.
int make_error(lua_State* L) {
  const auto& thrown = *static_cast<const Thrown*>(lua_touserdata(L, 1));
  ErrorKind kind = kind_called(thrown.class_name);
  if (kind == ErrorKind::count_) {
    kind = ErrorKind::error;
    lua_pushfstring(L, "%s: %s", thrown.class_name.c_str(), thrown.message.c_str());
  } else {
    lua_pushlstring(L, thrown.message.data(), thrown.message.size());
  }
  if (!thrown.code.empty()) kind = internal::error_kind_of_code(thrown.code.c_str());
  internal::wrap_message(L, kind);
  if (!thrown.code.empty()) {
    lua_pushstring(L, thrown.code.c_str());
    lua_setfield(L, -2, "code");
    lua_pushinteger(L, thrown.number);
    lua_setfield(L, -2, "errno");
  }
  return 1;
}

void take_system_error(const std::system_error& error, Thrown& thrown) {
  thrown.class_name = "OSError";
  thrown.number = error.code().value();
  const std::error_category& category = error.code().category();
  if (category == std::generic_category() || category == std::system_category()) {
    thrown.code = internal::system_error_name(uv_translate_sys_error(thrown.number));
  } else {
    thrown.code = std::string(category.name()) + ":" + std::to_string(thrown.number);
  }
}

/// For a `catch (...)`.
void take_exception(std::string_view name, Thrown& thrown) {
  try {
    throw;
  } catch (const Error& error) {
    thrown.class_name = error.class_name();
    thrown.value = error.shared_value();
    thrown.message = error.what();
    if (thrown.value == nullptr && dynamic_cast<const ConversionError*>(&error) != nullptr && !name.empty()) {
      thrown.message = std::string(name) + ": " + thrown.message;
    }
  } catch (const std::invalid_argument& error) {
    thrown.class_name = "ValueError";
    thrown.message = error.what();
  } catch (const std::out_of_range& error) {
    thrown.class_name = "ValueError";
    thrown.message = error.what();
  } catch (const std::domain_error& error) {
    thrown.class_name = "ValueError";
    thrown.message = error.what();
  } catch (const std::system_error& error) {
    thrown.message = error.what();
    take_system_error(error, thrown);
  } catch (const std::bad_alloc&) {
    thrown.no_memory = true;
  } catch (const std::exception& error) {
    thrown.message = error.what();
  } catch (...) {
    thrown.message = "unknown C++ exception";
  }
}

/// Raises Lua's own memory error: the string that it made when the state began.
int no_memory(lua_State* L) { return luaL_error(L, "not enough memory"); }

/// Runs the function. Returns how many results are on the stack; kFailed for an error value there.
int run(lua_State* L, Callable& callable, Operation*& operation) noexcept {
  Call call(opaque(L), lua_gettop(L), callable.is_method() ? 1 : 0);
  try {
    callable.invoke(call);
    operation = call.operation;
    return operation == nullptr ? push(L, call.results()) : 0;
  } catch (...) {
    if (call.operation != nullptr) call.operation->release();
    push_exception(L, callable.name());
    return kFailed;
  }
}

int trampoline(lua_State* L) {
  auto* callable = static_cast<Callable*>(*static_cast<Payload**>(lua_touserdata(L, lua_upvalueindex(1))));
  if (callable == nullptr) {
    internal::raise(L, ErrorKind::runtime, "a C++ function was called after it had been collected");
  }
  if (callable->waits()) check_can_await(L, callable->name().c_str());
  Operation* operation = nullptr;
  const int count = run(L, *callable, operation);
  if (count == kFailed) internal::raise_value(L);
  return operation == nullptr ? count : await_operation(L, operation);
}

}  // namespace

void push_exception(lua_State* L, std::string_view name) noexcept {
  if (lua_checkstack(L, LUA_MINSTACK) == 0) lua_settop(L, 0);
  const int top = lua_gettop(L);
  try {
    Thrown thrown;
    take_exception(name, thrown);
    if (thrown.value != nullptr && (thrown.value->host() == nullptr || thrown.value->host() == &Host::of(L))) {
      Writer writer;
      writer.value(*thrown.value);
      push(L, writer);
      return;
    }
    lua_pushcfunction(L, thrown.no_memory ? no_memory : make_error);
    lua_pushlightuserdata(L, &thrown);
    lua_pcall(L, 1, 1, 0);  // what it raises is an error value as well
    return;
  } catch (...) {
    lua_settop(L, top);
  }
  lua_pushcfunction(L, no_memory);
  lua_pcall(L, 0, 1, 0);
}

int collect_payload(lua_State* L) {
  auto* slot = static_cast<Payload**>(lua_touserdata(L, 1));
  delete std::exchange(*slot, nullptr);
  return 0;
}

Payload** new_slot(lua_State* L) {
  if (internal::scheduler_of(L).closed()) {
    // Lua would never finalize it.
    internal::raise(L, ErrorKind::runtime, "the interpreter is being closed, and takes no more from C++");
  }
  // NOLINTNEXTLINE(bugprone-sizeof-expression): a pointer is what it holds
  auto** slot = static_cast<Payload**>(lua_newuserdatauv(L, sizeof(Payload*), 0));
  *slot = nullptr;
  return slot;
}

void push_payload(lua_State* L, std::unique_ptr<Payload>& payload) {
  auto** slot = new_slot(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kPayload) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, collect_payload);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kPayload);
  }
  lua_setmetatable(L, -2);
  *slot = payload.release();
}

void push_callable(lua_State* L, std::unique_ptr<Payload>& callable) {
  push_payload(L, callable);
  lua_pushcclosure(L, trampoline, 1);
}

Host& Call::host() const noexcept { return Host::of(raw(L_)); }

std::string empty_function_message(const std::string& name) { return "the function '" + name + "' is empty"; }

Function make_function(Host& host, std::unique_ptr<Callable> callable) {
  Writer writer;
  writer.callable(std::move(callable));
  return Function(to_value(host, writer));
}

}  // namespace neap::detail
