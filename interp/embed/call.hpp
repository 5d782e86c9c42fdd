// The inside of calls in both directions, for the rooms of interp/embed.
#pragma once

#include "interp/embed/host.hpp"
#include "neap/detail/call.hpp"
#include "neap/value.hpp"

#include <lua.hpp>

#include <memory>

namespace neap::detail {

inline lua_State* raw(State* L) { return reinterpret_cast<lua_State*>(L); }
inline State* opaque(lua_State* L) { return reinterpret_cast<State*>(L); }

/// What a Value keeps alive its value by.
struct Anchor {
  Anchor(std::shared_ptr<Host> owner, int place) : host(std::move(owner)), number(place) {}
  ~Anchor() { host->release(number); }
  Anchor(const Anchor&) = delete;
  Anchor& operator=(const Anchor&) = delete;

  const std::shared_ptr<Host> host;
  const int number;
};

/// What the stack must have free before `push`; every C function has more when it begins.
inline constexpr int kRoomForValues = 8;

/// Pushes what was written, and returns how many values that are; the Writer may be left without some of them. Raises
/// nothing of Lua's: throws std::bad_alloc, Error, std::logic_error, std::invalid_argument, and then nothing is pushed.
int push(lua_State* L, Writer& values);

/// The value on the top of the stack, which is popped. Throws std::bad_alloc.
Value pop_value(lua_State* L);
/// The values of a Writer that holds one, as a Value.
Value to_value(Host& host, Writer& value);

/// Throws the Error, Cancelled or LimitExceeded that the error value at the index is. Leaves the stack as it is.
[[noreturn]] void throw_error(Host& host, lua_State* L, int index);

/// Pushes the error value that the exception which is being handled is for Lua; for a `catch (...)`. When the stack
/// cannot grow, what is on it makes room.
/// `name` is that of the function, or empty. Raises and throws nothing.
void push_exception(lua_State* L, std::string_view name) noexcept;

/// Runs `function` in protected mode with the light userdata `argument` and what is on the top of the stack, `count`
/// values. On LUA_OK there are `results` in their place. Else throws Error or std::bad_alloc with all of them popped.
void run_protected(lua_State* L, lua_CFunction function, void* argument, int count, int results);

/// As Lua shows it: "1.0", "0.5", "inf".
std::string shown_number(double number);

/// Makes and pushes a function of Lua's of the callable, which it takes over. Raises errors of Lua's.
void push_callable(lua_State* L, std::unique_ptr<Payload>& callable);

}  // namespace neap::detail
