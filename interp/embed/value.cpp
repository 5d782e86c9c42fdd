#include "neap/value.hpp"

#include "interp/embed/call.hpp"
#include "neap/convert.hpp"

namespace neap {

using detail::raw;

namespace {

/// Puts the value on the stack of the coroutine that runs now, and returns that. Throws Closed and WrongThread.
lua_State* push_kept(const Value& value, const char* what) {
  if (value.anchor() == nullptr) Reader(value).fail("table");  // moved from
  detail::Host& host = *value.anchor()->host;
  host.check(what);
  lua_State* L = host.running();
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  host.push_anchored(L, value.anchor()->number);
  return L;
}

// In protected mode: an unused argument, then what is said there.

/// The table, the key.
int get_entry(lua_State* L) {
  lua_gettable(L, 2);
  return 1;
}

/// The table, the key, the value.
int set_entry(lua_State* L) {
  lua_settable(L, 2);
  return 0;
}

int get_length(lua_State* L) {
  lua_pushinteger(L, luaL_len(L, 2));
  return 1;
}

/// The table, the key: the next key and value, or nil and nil.
int get_next(lua_State* L) {
  if (lua_next(L, 2) == 0) {
    lua_pushnil(L);
    lua_pushnil(L);
  }
  return 2;
}

int to_string_protected(lua_State* L) {
  luaL_tolstring(L, 2, nullptr);
  return 1;
}

}  // namespace

Value::Value(Value other, Kind kind, const char* expected) : Value(std::move(other)) {
  if (kind_ == kind) return;
  if (anchor_ == nullptr) Reader(*this).fail(expected);
  const detail::Results pushed = push();
  pushed.value().fail(expected);
}

void Value::too_large(std::uint64_t value) { detail::throw_too_large(value); }

detail::Host* Value::host() const noexcept { return anchor_ != nullptr ? anchor_->host.get() : nullptr; }

detail::Results Value::push() const {
  lua_State* L = push_kept(*this, "a Value");
  return {detail::opaque(L), lua_gettop(L) - 1, 1};
}

std::string Value::type_name() const {
  if (anchor_ == nullptr) return name_of(kind_);
  return push().result(1).type_name();
}

bool operator==(const Value& left, const Value& right) {
  if (left.anchor_ != nullptr && right.anchor_ != nullptr) {
    if (left.anchor_ == right.anchor_) return true;
    if (left.host() != right.host() || left.kind_ != right.kind_) return false;
    const detail::Results first = left.push();
    const detail::Results second = right.push();
    lua_State* L = raw(first.result(1).state());
    return lua_rawequal(L, first.result(1).index(), second.result(1).index()) != 0;
  }
  if (left.anchor_ != nullptr || right.anchor_ != nullptr) return false;
  if (left.kind_ == Kind::number && right.kind_ == Kind::number) return left.number_ == right.number_;
  if (left.kind_ == right.kind_) return left.integer_ == right.integer_;
  const bool numbers = (left.kind_ == Kind::number && right.kind_ == Kind::integer) ||
                       (left.kind_ == Kind::integer && right.kind_ == Kind::number);
  if (!numbers) return false;
  const Value& whole = left.kind_ == Kind::integer ? left : right;
  const double number = left.kind_ == Kind::number ? left.number_ : right.number_;
  lua_Integer integer = 0;
  return lua_numbertointeger(number, &integer) && static_cast<double>(integer) == number && integer == whole.integer_;
}

std::string Value::to_string() const {
  if (kind_ == Kind::nil) return "nil";
  if (kind_ == Kind::boolean) return integer_ != 0 ? "true" : "false";
  if (kind_ == Kind::integer) return std::to_string(integer_);
  if (anchor_ == nullptr) return detail::shown_number(number_);
  lua_State* L = push_kept(*this, "Value::to_string");
  detail::run_protected(L, to_string_protected, nullptr, 1, 1);
  const detail::Results text(detail::opaque(L), lua_gettop(L) - 1, 1);
  return Convert<std::string>::read(text.value());
}

// Tables.

detail::Results Table::index(Writer& key) const {
  lua_State* L = push_kept(*this, "Table::get");
  detail::Results entry(detail::opaque(L), lua_gettop(L) - 1, 1);
  detail::push(L, key);
  detail::run_protected(L, get_entry, nullptr, 2, 1);
  return entry;
}

void Table::assign(Writer& key_and_value) const {
  lua_State* L = push_kept(*this, "Table::set");
  const detail::Results unwind(detail::opaque(L), lua_gettop(L) - 1, 1);
  detail::push(L, key_and_value);
  detail::run_protected(L, set_entry, nullptr, 3, 0);
}

std::size_t Table::size() const {
  lua_State* L = push_kept(*this, "Table::size");
  detail::run_protected(L, get_length, nullptr, 1, 1);
  const detail::Results length(detail::opaque(L), lua_gettop(L) - 1, 1);
  return static_cast<std::size_t>(Convert<std::int64_t>::read(length.value()));
}

Table::Iterator::Iterator(const Table& table) : table_(table.anchor()) {
  if (table_ == nullptr) Reader(table).fail("table");
  ++*this;
}

Table::Iterator& Table::Iterator::operator++() {
  lua_State* L = push_kept(Value(Kind::table, table_), "the iteration of a Table");
  const int base = lua_gettop(L) - 1;
  const detail::Results entry(detail::opaque(L), base, 2);
  Writer key;
  key.value(entry_.first);
  detail::push(L, key);
  detail::run_protected(L, get_next, nullptr, 2, 2);
  entry_ = {entry.result(1).value(), entry.result(2).value()};
  return *this;
}

}  // namespace neap
