// Makes Lua values of a Parcel: see format.hpp.
//
// It owns nothing but what is on the Lua stack, since any allocation may raise. Bytes are checked as if they could be
// damaged: every read is bounded, and no more is allocated than the bytes can fill.
#pragma once

#include "stdlib/thread/format.hpp"
#include "stdlib/thread/names.hpp"
#include "stdlib/thread/parcel.hpp"

#include <lua.hpp>

#include <cstdint>
#include <cstring>

namespace neap::internal::stdlib::thread {

class Decoder {
 public:
  Decoder(lua_State* state, const Parcel& parcel);

  int values();

 private:
  void value();
  void value(Tag tag);
  void text();
  void text_again();
  void long_text();
  void block_text();
  void channel();
  void known(int list);

  void table();
  void object_table();
  void function();
  void named();
  void read_place(Place& place);
  void wrapped_function(Tag wrapper);
  void manager_function();
  void builtin_class();
  void made_classes();
  void made_class();

  void bodies();
  void table_body(int table);
  void function_body(int function);
  void joined(int function, int upvalue);
  void fill_classes();

  void add_to(int list, lua_Integer number);
  void add_object() { add_to(objects_, ++object_count_); }
  void add_extra() { add_to(extras_, ++extra_count_); }

  [[noreturn]] void damaged();

  // Bytes.
  const char* take(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) damaged();
    const char* bytes = at_;
    at_ += size;
    return bytes;
  }
  template <class Number>
  Number get() {
    Number number;
    std::memcpy(&number, take(sizeof number), sizeof number);
    return number;
  }
  Tag tag() { return static_cast<Tag>(get<std::uint8_t>()); }
  std::string_view short_text() {
    const auto size = get<std::uint8_t>();
    return {take(size), size};
  }
  const std::string& block();

  lua_State* L;
  const Parcel& parcel_;
  const char* at_;
  const char* end_;
  std::size_t promised_ = 0;  // entries of tables that were mentioned: each takes a byte at least
  // Stack indices.
  int objects_ = 0;
  int extras_ = 0;   // nil before the first
  int classes_ = 0;  // class, its fields, class, its fields...; nil before the first
  int slots_ = 0;    // of the first slot
  std::size_t slot_count_ = 0;
  lua_Integer object_count_ = 0;
  lua_Integer extra_count_ = 0;
  lua_Integer class_count_ = 0;
};

}  // namespace neap::internal::stdlib::thread
