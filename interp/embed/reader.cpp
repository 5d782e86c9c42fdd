#include "neap/detail/reader.hpp"

#include "interp/embed/call.hpp"
#include "neap/convert.hpp"
#include "runtime/lua/bind.hpp"

#include <cstdio>

namespace neap {

using detail::raw;

namespace {

Kind kind_at(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: return Kind::boolean;
    case LUA_TNUMBER: return lua_isinteger(L, index) != 0 ? Kind::integer : Kind::number;
    case LUA_TSTRING: return Kind::string;
    case LUA_TTABLE: return Kind::table;
    case LUA_TFUNCTION: return Kind::function;
    case LUA_TUSERDATA:
    case LUA_TLIGHTUSERDATA: return Kind::userdata;
    case LUA_TTHREAD: return Kind::thread;
    default: return Kind::nil;
  }
}

/// A key of a table that is a literal of C++'s: kept in the registry under its address. Arguments: the literal.
int make_key(lua_State* L) {
  const void* literal = lua_touserdata(L, 1);
  lua_pushstring(L, static_cast<const char*>(literal));
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, literal);
  return 1;
}

/// Pushes the name of the type of the value. Arguments: nothing, the value.
int push_type_name(lua_State* L) {
  lua_pushstring(L, internal::type_name(L, 2));
  return 1;
}

}  // namespace

const char* name_of(Kind kind) noexcept {
  static constexpr const char* kNames[] = {"nil",   "boolean",  "number",   "number", "string",
                                           "table", "function", "userdata", "thread"};
  return kNames[static_cast<std::size_t>(kind)];
}

Kind Reader::kind() const noexcept {
  if (L_ != nullptr) return index_ != 0 ? kind_at(raw(L_), index_) : Kind::nil;
  return value_ != nullptr ? value_->kind() : Kind::nil;
}

bool Reader::boolean() const {
  if (kind() != Kind::boolean) fail("boolean");
  return L_ != nullptr ? lua_toboolean(raw(L_), index_) != 0 : value_->inner_integer() != 0;
}

std::int64_t Reader::integer() const {
  double number = 0;
  if (L_ != nullptr && index_ != 0) {
    lua_State* L = raw(L_);
    if (lua_isinteger(L, index_) != 0) return lua_tointeger(L, index_);
    if (lua_type(L, index_) != LUA_TNUMBER) fail("integer");
    number = lua_tonumber(L, index_);
  } else {
    if (kind() == Kind::integer) return value_->inner_integer();
    if (kind() != Kind::number) fail("integer");
    number = value_->inner_number();
  }
  lua_Integer whole = 0;
  if (!lua_numbertointeger(number, &whole) || static_cast<double>(whole) != number) fail("integer");
  return whole;
}

double Reader::number() const {
  if (L_ != nullptr && index_ != 0) {
    if (lua_type(raw(L_), index_) != LUA_TNUMBER) fail("number");
    return lua_tonumber(raw(L_), index_);
  }
  if (kind() == Kind::number) return value_->inner_number();
  if (kind() != Kind::integer) fail("number");
  return static_cast<double>(value_->inner_integer());
}

std::string_view Reader::string() const {
  if (kind() != Kind::string) fail("string");
  std::size_t size = 0;
  const char* bytes = lua_tolstring(raw(L_), index_, &size);
  return {bytes, size};
}

// Tables.

Reader::Reader(const Reader& parent, Place place, std::int64_t number, const char* name) noexcept
    : L_(parent.L_),
      parent_(&parent),
      name_(name),
      number_(number),
      index_(lua_gettop(raw(parent.L_))),
      depth_(place == Place::entry ? parent.depth_ : parent.depth_ + 1),
      place_(place),
      owned_(place != Place::entry) {}

void Reader::enter() const {
  if (kind() != Kind::table) fail("table");
  if (depth_ >= kMostNested) {
    throw ConversionError("tables are nested more than " + std::to_string(kMostNested) +
                          " deep; does one contain itself?");
  }
  if (lua_checkstack(raw(L_), LUA_MINSTACK) == 0) throw std::bad_alloc();
}

std::size_t Reader::size() const {
  enter();
  return lua_rawlen(raw(L_), index_);
}

Reader Reader::item(std::int64_t index) const {
  enter();
  lua_rawgeti(raw(L_), index_, index);
  return {*this, Place::item, index, nullptr};
}

Reader Reader::field(const char* name) const {
  enter();
  lua_State* L = raw(L_);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, name) != LUA_TSTRING) {
    lua_pop(L, 1);
    detail::run_protected(L, make_key, const_cast<char*>(name), 0, 1);
  }
  lua_rawget(L, index_);
  return {*this, Place::field, 0, name};
}

Reader Reader::first_key() const {
  enter();
  lua_pushnil(raw(L_));
  return {*this, Place::key, 0, nullptr};
}

bool Reader::next() {
  lua_State* L = raw(L_);
  lua_settop(L, index_);
  return lua_next(L, parent_->index_) != 0;
}

void Reader::pop() noexcept { lua_settop(raw(L_), index_ - 1); }

Value Reader::value() const {
  if (L_ == nullptr) return value_ != nullptr ? *value_ : Value();
  lua_State* L = raw(L_);
  switch (kind()) {
    case Kind::nil: return {};
    case Kind::boolean: return lua_toboolean(L, index_) != 0;
    case Kind::integer: return static_cast<std::int64_t>(lua_tointeger(L, index_));
    case Kind::number: return lua_tonumber(L, index_);
    default:
      if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
      lua_pushvalue(L, index_);
      return detail::pop_value(L);
  }
}

// Messages.

std::string Reader::type_name() const {
  const Kind type = kind();
  if (L_ == nullptr) return name_of(type);
  if (index_ == 0 || index_ > lua_gettop(raw(L_))) return "no value";
  if (type != Kind::table && type != Kind::userdata) return name_of(type);
  lua_State* L = raw(L_);
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  lua_pushvalue(L, index_);
  detail::run_protected(L, push_type_name, nullptr, 1, 1);
  std::string name = lua_tostring(L, -1);
  lua_pop(L, 1);
  return name;
}

std::string Reader::shown_key() const {
  switch (kind()) {
    case Kind::string: return "'" + std::string(string()) + "'";
    case Kind::integer: return std::to_string(integer());
    case Kind::number: return detail::shown_number(number());
    default: return "with a " + type_name() + " as key";
  }
}

std::string Reader::way() const {
  switch (place_) {
    case Place::argument: return number_ == 0 ? "self: " : "argument " + std::to_string(number_) + ": ";
    case Place::result: return "result " + std::to_string(number_) + ": ";
    case Place::item: return parent_->way() + "item " + std::to_string(number_) + ": ";
    case Place::field: return parent_->way() + "field '" + name_ + "': ";
    case Place::key: return parent_->way() + "key " + shown_key() + ": ";
    case Place::entry: return parent_->parent_->way() + "entry " + parent_->shown_key() + ": ";
    case Place::alone: break;
  }
  return {};
}

void Reader::fail(const std::string& expected) const {
  std::string got = type_name();
  if (kind() == Kind::number || kind() == Kind::integer) {
    got += " " + (kind() == Kind::integer ? std::to_string(integer()) : detail::shown_number(number()));
  }
  fail_with("expected " + expected + ", got " + got);
}

void Reader::fail_with(const std::string& what) const { throw ConversionError(way() + what); }

namespace detail {

std::string shown_number(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.14g", number);
  std::string shown = text;
  if (shown.find_first_not_of("-0123456789") == std::string::npos) shown += ".0";
  return shown;
}

std::int64_t read_integer(const Reader& from, std::int64_t least, std::uint64_t most) {
  const std::int64_t value = from.integer();
  if (value < least || (value > 0 && static_cast<std::uint64_t>(value) > most)) {
    from.fail("integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

void throw_unknown_enum(std::int64_t value) {
  throw ConversionError("the value " + std::to_string(value) + " of an enumeration has no name");
}

void throw_too_large(std::uint64_t value) {
  throw ConversionError("the integer " + std::to_string(value) + " is too large for Lua, whose largest is " +
                        std::to_string(std::numeric_limits<std::int64_t>::max()));
}

void Results::pop() noexcept { lua_settop(raw(L_), base_ - below_); }

}  // namespace detail

}  // namespace neap
