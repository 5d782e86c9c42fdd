#include "neap/detail/writer.hpp"

#include "interp/embed/call.hpp"
#include "interp/embed/object.hpp"
#include "runtime/lua/error.hpp"

#include <algorithm>
#include <stdexcept>

namespace neap {

namespace detail {

Payload::~Payload() = default;

/// Pushes what a Writer holds. Runs in protected mode, and owns nothing.
class Decoder {
 public:
  static bool scalars(const Writer& writer) { return writer.scalars_; }

  static int push_scalars(lua_State* L, const Writer& writer) {
    const auto count = static_cast<int>(writer.count_);
    if (count > kRoomForValues && lua_checkstack(L, count) == 0) throw std::bad_alloc();
    for (const Writer::Item* item = writer.items_; item != writer.items_ + count; ++item) push_scalar(L, *item);
    return count;
  }

  static int decode(lua_State* L) {
    auto& writer = *static_cast<Writer*>(lua_touserdata(L, 1));
    lua_settop(L, 0);
    Decoder decoder(L, writer);
    while (decoder.next_ != decoder.end_) decoder.push_value(0);
    return lua_gettop(L);
  }

 private:
  static constexpr int kMostNested = 200;

  Decoder(lua_State* L, Writer& writer)
      : L_(L),
        extra_(writer.extra_.get()),
        next_(writer.items_),
        end_(writer.items_ + writer.count_),
        bytes_(writer.bytes_.data()) {}

  static void push_scalar(lua_State* L, const Writer::Item& item) {
    switch (item.tag) {
      case Writer::Tag::boolean: return lua_pushboolean(L, item.integer != 0 ? 1 : 0);
      case Writer::Tag::integer: return lua_pushinteger(L, item.integer);
      case Writer::Tag::number: return lua_pushnumber(L, item.number);
      default: return lua_pushnil(L);
    }
  }

  void push_value(int depth) {
    if (next_ == end_)
      internal::raise(L_, internal::ErrorKind::runtime, "a conversion wrote fewer values than it said");
    luaL_checkstack(L_, LUA_MINSTACK, "too many values");
    const Writer::Item& item = *next_++;
    switch (item.tag) {
      case Writer::Tag::string:
        lua_pushlstring(L_, bytes_, item.size);
        bytes_ += item.size;
        return;
      case Writer::Tag::list: return push_list(item.size, depth + 1);
      case Writer::Tag::map: return push_map(item.size, depth + 1);
      case Writer::Tag::value: lua_rawgeti(L_, LUA_REGISTRYINDEX, extra_->values[values_++]->number); return;
      case Writer::Tag::callable: return push_callable(L_, extra_->payloads[payloads_++]);
      case Writer::Tag::object: return push_object(L_, extra_->payloads[payloads_++]);
      default: return push_scalar(L_, item);
    }
  }

  void open_table(std::size_t items, std::size_t entries, int depth) {
    constexpr std::size_t kMostAtOnce = 1 << 20;
    if (depth > kMostNested) {
      internal::raise(L_, internal::ErrorKind::value, "a value with tables nested more than %d deep is none for Lua",
                      kMostNested);
    }
    lua_createtable(L_, static_cast<int>(std::min(items, kMostAtOnce)),
                    static_cast<int>(std::min(entries, kMostAtOnce)));
  }

  void push_list(std::size_t count, int depth) {
    open_table(count, 0, depth);
    for (std::size_t i = 1; i <= count; ++i) {
      push_value(depth);
      lua_rawseti(L_, -2, static_cast<lua_Integer>(i));
    }
  }

  void push_map(std::size_t count, int depth) {
    open_table(0, count, depth);
    for (; count != 0; --count) {
      push_value(depth);
      push_value(depth);
      lua_rawset(L_, -3);
    }
  }

  lua_State* L_;
  Writer::Extra* extra_;
  const Writer::Item* next_;
  const Writer::Item* end_;
  const char* bytes_;
  std::size_t values_ = 0;
  std::size_t payloads_ = 0;

 public:
  /// Throws std::invalid_argument for a value of another interpreter, Closed for one whose interpreter is gone.
  static void check(lua_State* L, const Writer& writer) {
    if (writer.extra_ == nullptr || writer.extra_->values.empty()) return;
    const Host* host = &Host::of(L);
    for (const auto& anchor : writer.extra_->values) {
      if (anchor->host.get() == host) continue;
      if (anchor->host->closed()) throw Closed("a value's interpreter has been destroyed");
      throw std::invalid_argument("a value belongs to another interpreter");
    }
  }
};

int push(lua_State* L, Writer& values) {
  if (Decoder::scalars(values)) return Decoder::push_scalars(L, values);
  Decoder::check(L, values);
  const int top = lua_gettop(L);
  run_protected(L, Decoder::decode, &values, 0, LUA_MULTRET);
  return lua_gettop(L) - top;
}

}  // namespace detail

Writer& Writer::operator=(Writer&& other) noexcept {
  if (this == &other) return *this;
  if (items_ != room_) delete[] items_;
  take(other);
  return *this;
}

void Writer::take(Writer& other) noexcept {
  count_ = std::exchange(other.count_, 0);
  capacity_ = std::exchange(other.capacity_, kRoom);
  scalars_ = std::exchange(other.scalars_, true);
  bytes_ = std::exchange(other.bytes_, {});
  extra_ = std::move(other.extra_);
  if (other.items_ == other.room_) {
    items_ = room_;
    std::copy_n(other.room_, count_, room_);
  } else {
    items_ = std::exchange(other.items_, other.room_);
  }
}

void Writer::grow() {
  const std::uint32_t capacity = capacity_ * 4;
  auto* items = new Item[capacity];
  std::copy_n(items_, count_, items);
  if (items_ != room_) delete[] items_;
  items_ = items;
  capacity_ = capacity;
}

Writer::Extra& Writer::extra() {
  if (extra_ == nullptr) extra_ = std::make_unique<Extra>();
  return *extra_;
}

void Writer::clear() noexcept {
  count_ = 0;
  scalars_ = true;
  bytes_.clear();
  extra_.reset();
}

void Writer::string(std::string_view bytes) {
  bytes_.append(bytes);
  add_complex(Tag::string).size = bytes.size();
}

void Writer::list(std::size_t count) { add_complex(Tag::list).size = count; }

void Writer::map(std::size_t count) { add_complex(Tag::map).size = count; }

void Writer::value(const Value& value) {
  switch (value.anchor() != nullptr ? Kind::userdata : value.kind()) {
    case Kind::nil: return nil();
    case Kind::boolean: return boolean(value.inner_integer() != 0);
    case Kind::integer: return integer(value.inner_integer());
    case Kind::number: return number(value.inner_number());
    default: extra().values.push_back(value.anchor()); add_complex(Tag::value);
  }
}

void Writer::callable(std::unique_ptr<detail::Callable> callable) {
  extra().payloads.push_back(std::move(callable));
  add_complex(Tag::callable);
}

void Writer::object(std::unique_ptr<detail::Object> object) {
  extra().payloads.push_back(std::move(object));
  add_complex(Tag::object);
}

}  // namespace neap
