// Scalars, texts, tables and their bodies. Functions and classes: decode_function.cpp.
#include "stdlib/thread/decoder.hpp"

#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"
#include "stdlib/thread/channel.hpp"

#include <algorithm>
#include <limits>

namespace neap::internal::stdlib::thread {

namespace {

constexpr int kWorkingSlots = 24;  // of the stack, for one value

}  // namespace

Decoder::Decoder(lua_State* state, const Parcel& parcel)
    : L(state),
      parcel_(parcel),
      at_(parcel.bytes_),
      end_(parcel.bytes_ + parcel.size_) {}

int Decoder::values() {
  slot_count_ = get<std::uint16_t>();
  const auto count = get<std::uint32_t>();
  if (slot_count_ > kSlots || count > static_cast<std::size_t>(end_ - at_)) damaged();
  luaL_checkstack(L, static_cast<int>(slot_count_ + count) + kWorkingSlots, "too many values");
  const int base = lua_gettop(L);
  objects_ = base + 1;
  extras_ = base + 2;
  classes_ = base + 3;
  slots_ = base + 4;
  const int first = slots_ + static_cast<int>(slot_count_);
  lua_settop(L, first - 1);
  for (std::uint32_t i = 0; i < count; ++i) value();
  bodies();
  fill_classes();
  if (at_ != end_) damaged();
  lua_rotate(L, base + 1, static_cast<int>(count));
  lua_settop(L, base + static_cast<int>(count));
  return static_cast<int>(count);
}

void Decoder::damaged() { raise(L, ErrorKind::runtime, "values from another thread are damaged"); }

void Decoder::value() { value(tag()); }

void Decoder::value(Tag tag) {
  if (tag >= Tag::small_int) {
    return lua_pushinteger(L, static_cast<int>(tag) - static_cast<int>(Tag::small_int) + kSmallest);
  }
  switch (tag) {
    case Tag::nil: return lua_pushnil(L);
    case Tag::no: return lua_pushboolean(L, 0);
    case Tag::yes: return lua_pushboolean(L, 1);
    case Tag::int32: return lua_pushinteger(L, get<std::int32_t>());
    case Tag::int64: return lua_pushinteger(L, get<std::int64_t>());
    case Tag::number: return lua_pushnumber(L, get<lua_Number>());
    case Tag::text: return text();
    case Tag::text_again: return text_again();
    case Tag::long_text: return long_text();
    case Tag::block_text: return block_text();
    case Tag::null_pointer: return lua_pushlightuserdata(L, nullptr);
    case Tag::globals: return lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS), void();
    case Tag::object: return known(objects_);
    case Tag::extra: return known(extras_);
    case Tag::table: return table();
    case Tag::object_table: return object_table();
    case Tag::function: return function();
    case Tag::named: return named();
    case Tag::async_function:
    case Tag::generator_function: return wrapped_function(tag);
    case Tag::manager_function: return manager_function();
    case Tag::builtin_class: return builtin_class();
    case Tag::made_class: return made_classes();
    case Tag::channel: return channel();
    default: damaged();
  }
}

// Texts ------------------------------------------------------------------------------------------------------------

void Decoder::text() {
  const auto slot = get<std::uint8_t>();
  if (slot >= slot_count_) damaged();
  push(L, short_text());
  lua_copy(L, -1, slots_ + slot);
}

void Decoder::text_again() {
  const auto slot = get<std::uint8_t>();
  if (slot >= slot_count_) damaged();
  lua_pushvalue(L, slots_ + slot);
}

void Decoder::long_text() {
  const auto size = get<std::uint32_t>();
  lua_pushlstring(L, take(size), size);
  add_extra();
}

void Decoder::block_text() {
  push(L, block());
  add_extra();
}

void Decoder::channel() {
  const auto number = get<std::uint32_t>();
  if (number >= parcel_.channels_.size()) damaged();
  push_channel(L, parcel_.channels_[number]);
  add_extra();
}

const std::string& Decoder::block() {
  const auto number = get<std::uint32_t>();
  if (number >= parcel_.blocks_.size()) damaged();
  return parcel_.blocks_[number];
}

// Tables -----------------------------------------------------------------------------------------------------------

/// Pushes what has been mentioned before.
void Decoder::known(int list) {
  const auto number = get<std::uint32_t>();
  if (!lua_istable(L, list) || lua_rawgeti(L, list, lua_Integer{number} + 1) == LUA_TNIL) damaged();
}

/// Notes the value on the top of the stack.
void Decoder::add_to(int list, lua_Integer number) {
  if (number == 1) {
    lua_createtable(L, 1, 0);
    lua_replace(L, list);
  }
  lua_pushvalue(L, -1);
  lua_rawseti(L, list, number);
}

void Decoder::table() {
  const auto sequence = get<std::uint32_t>();
  const auto others = get<std::uint32_t>();
  promised_ += std::size_t{sequence} + others;
  if (promised_ > parcel_.size_) damaged();
  constexpr std::uint32_t kMost = std::numeric_limits<int>::max();
  lua_createtable(L, static_cast<int>(std::min(sequence, kMost)), static_cast<int>(std::min(others, kMost)));
  add_object();
}

/// A table with a metatable.
void Decoder::object_table() {
  const Tag metatable = tag();
  switch (metatable) {
    case Tag::builtin_class:
    case Tag::made_class:
    case Tag::extra:
    case Tag::object:
    case Tag::named: value(metatable); break;
    default: damaged();
  }
  if (!lua_istable(L, -1) || tag() != Tag::table) damaged();
  table();
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
}

// Bodies -----------------------------------------------------------------------------------------------------------

void Decoder::bodies() {
  const int body = lua_gettop(L) + 1;
  for (lua_Integer number = 1; number <= object_count_; ++number) {
    lua_rawgeti(L, objects_, number);
    if (lua_istable(L, body)) {
      table_body(body);
    } else {
      function_body(body);
    }
    lua_settop(L, body - 1);
  }
}

void Decoder::table_body(int table) {
  Tag next = tag();
  for (lua_Integer i = 1; next != Tag::rest && next != Tag::end; ++i, next = tag()) {
    value(next);
    lua_rawseti(L, table, i);
  }
  if (next == Tag::end) return;
  for (next = tag(); next != Tag::end; next = tag()) {
    value(next);
    value();
    if (lua_isnil(L, -2)) damaged();
    lua_rawset(L, table);
  }
}

}  // namespace neap::internal::stdlib::thread
