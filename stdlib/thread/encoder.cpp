// Scalars, texts, tables and their bodies. Functions and classes: encode_function.cpp; errors: refusal.cpp.
#include "stdlib/thread/encoder.hpp"

#include "stdlib/thread/channel.hpp"

#include "runtime/lua/error.hpp"
#include "stdlib/thread/classes.hpp"

namespace neap::internal::stdlib::thread {

void EncoderScratch::clear() {
  constexpr std::size_t kKept = std::size_t{1} << 16;
  seen.clear();
  objects.clear();
  upvalues.clear();
  if (!classes.empty()) classes.clear();
  if (objects.capacity() > kKept) objects.shrink_to_fit();
  if (upvalues.capacity() > kKept) upvalues.shrink_to_fit();
}

Encoder::Encoder(lua_State* state, EncoderScratch& scratch, const char* what, Refusal refusal, Parcel& parcel)
    : L(state),
      scratch_(scratch),
      what_(what),
      refusal_(refusal),
      parcel_(parcel) {
  scratch_.clear();
  parcel_.clear();
}

void Encoder::values(int first, int count) {
  first = lua_absindex(L, first);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  globals_ = lua_topointer(L, -1);
  lua_pop(L, 1);
  lua_createtable(L, 1, 0);  // may run a finalizer that packs something itself; from here on nothing does
  found_ = lua_gettop(L);
  open_class_identities(L);
  put(std::uint16_t{0});
  put(static_cast<std::uint32_t>(count));
  for (int i = 0; i < count; ++i) {
    current_ = kTop | static_cast<std::uint32_t>(i + 1);
    value(first + i);
  }
  bodies();
  patch(0, static_cast<std::uint16_t>(slots_used_ < kSlots ? slots_used_ : kSlots));
  parcel_.trim();
  lua_settop(L, found_ - 1);
  scratch_.clear();
}

void Encoder::value(int index) {
  switch (lua_type(L, index)) {
    case LUA_TNIL: return tag(Tag::nil);
    case LUA_TBOOLEAN: return tag(lua_toboolean(L, index) != 0 ? Tag::yes : Tag::no);
    case LUA_TNUMBER:
      if (lua_isinteger(L, index) != 0) return integer(lua_tointeger(L, index));
      return tagged(Tag::number, lua_tonumber(L, index));
    case LUA_TSTRING: return text(index);
    case LUA_TTABLE: return table(lua_absindex(L, index));
    case LUA_TFUNCTION: return function(lua_absindex(L, index));
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, index) == nullptr) return tag(Tag::null_pointer);
      [[fallthrough]];
    default: return other(lua_absindex(L, index));
  }
}

/// A userdata or a coroutine.
void Encoder::other(int index) {
  const void* address = lua_topointer(L, index);
  if (known(address)) return;
  std::shared_ptr<Channel> channel = to_channel(L, index);
  if (!channel) return refuse(index);  // raises: there is nothing to destroy
  tagged(Tag::channel, static_cast<std::uint32_t>(parcel_.channels_.size()));
  parcel_.channels_.push_back(std::move(channel));
  add_extra(address);
}

void Encoder::integer(lua_Integer value) {
  if (value >= kSmallest && value <= kLargest) {
    *room(1) = static_cast<char>(static_cast<int>(Tag::small_int) + static_cast<int>(value) - kSmallest);
  } else if (value == static_cast<std::int32_t>(value)) {
    tagged(Tag::int32, static_cast<std::int32_t>(value));
  } else {
    tagged(Tag::int64, value);
  }
}

// Texts ------------------------------------------------------------------------------------------------------------

void Encoder::text(int index) {
  std::size_t size = 0;
  const char* bytes = lua_tolstring(L, index, &size);
  if (size > kLongestText) return long_text(bytes, size);
  const std::size_t place = (reinterpret_cast<std::uintptr_t>(bytes) * 0x9e3779b97f4a7c15U >> 40) % kSlots;
  if (text_at_[place] == bytes) return tagged(Tag::text_again, slot_at_[place]);
  const std::uint8_t slot = static_cast<std::uint8_t>(slots_used_ % kSlots);
  new_text({bytes, size});
  text_at_[place] = bytes;
  slot_at_[place] = slot;
  owner_[slot] = static_cast<std::uint8_t>(place);
}

/// The slot that was taken longest ago; its text is forgotten.
std::uint8_t Encoder::take_slot() {
  const auto slot = static_cast<std::uint8_t>(slots_used_ % kSlots);
  if (slots_used_ >= kSlots && slot_at_[owner_[slot]] == slot) text_at_[owner_[slot]] = nullptr;
  owner_[slot] = 0;
  ++slots_used_;
  return slot;
}

void Encoder::new_text(std::string_view text) {
  const std::uint8_t slot = take_slot();
  char* place = room(3 + text.size());
  place[0] = static_cast<char>(Tag::text);
  place[1] = static_cast<char>(slot);
  place[2] = static_cast<char>(text.size());
  std::memcpy(place + 3, text.data(), text.size());
}

void Encoder::short_text(std::string_view text) {
  text = text.substr(0, kLongestText);
  char* place = room(1 + text.size());
  *place = static_cast<char>(text.size());
  std::memcpy(place + 1, text.data(), text.size());
}

void Encoder::long_text(const char* bytes, std::size_t size) {
  if (known(bytes)) return;
  if (size > kLongestInline) {
    tagged(Tag::block_text, static_cast<std::uint32_t>(parcel_.blocks_.size()));
    parcel_.blocks_.emplace_back(bytes, size);
  } else {
    tagged(Tag::long_text, static_cast<std::uint32_t>(size));
    std::memcpy(room(size), bytes, size);
  }
  add_extra(bytes);
}

// Tables -----------------------------------------------------------------------------------------------------------

/// Mentions what is at the address again; false when it is new.
bool Encoder::known(const void* address) {
  const std::uint32_t number = scratch_.seen.at(address);
  if (number == Seen::kNew || number == kModule) return false;
  if ((number & kExtra) != 0) {
    tagged(Tag::extra, number & ~kExtra);
  } else {
    tagged(Tag::object, number);
  }
  return true;
}

/// Enters all modules into `seen`, so that a table is found to be one without a search.
void Encoder::note_modules() {
  modules_noted_ = true;
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    if (!lua_istable(L, -1)) continue;
    std::uint32_t& number = scratch_.seen.at(lua_topointer(L, -1));
    if (number == Seen::kNew) number = kModule;
  }
  lua_pop(L, 1);
}

void Encoder::table(int index) {
  const void* address = lua_topointer(L, index);
  if (address == globals_) return tag(Tag::globals);
  if (!modules_noted_) note_modules();
  std::uint32_t& number = scratch_.seen.at(address);
  if (number == kModule) {
    Place place;
    if (find_module(L, index, place)) return named(place, address);
  } else if (number != Seen::kNew) {
    known(address);
    return;
  }
  if (lua_getmetatable(L, index) != 0) return special_table(index);
  number = static_cast<std::uint32_t>(scratch_.objects.size());
  new_table(index, Kind::table);
}

/// A table that has a metatable, which is on the top of the stack.
void Encoder::special_table(int index) {
  const int metatable = lua_gettop(L);
  Place place;
  if (is_error_class(L, index)) {
    error_class(index);
  } else if (is_error_class(L, metatable)) {
    tag(Tag::object_table);
    error_class(metatable);
    numbered_table(index);
  } else if (scratch_.classes.contains(lua_topointer(L, metatable))) {
    tag(Tag::object_table);
    known(lua_topointer(L, metatable));
    numbered_table(index);
  } else if (find_in_library(L, index, place)) {
    named(place, lua_topointer(L, index));
  } else if (find_class(L, metatable, place)) {
    scratch_.classes.insert(lua_topointer(L, metatable));
    tag(Tag::object_table);
    if (!known(lua_topointer(L, metatable))) named(place, lua_topointer(L, metatable));
    numbered_table(index);
  } else {
    refuse(index);
  }
  lua_settop(L, metatable - 1);
}

void Encoder::numbered_table(int index) {
  scratch_.seen.at(lua_topointer(L, index)) = static_cast<std::uint32_t>(scratch_.objects.size());
  new_table(index, Kind::table);
}

/// The first mention of a table; its sizes are filled in when its body has been written.
void Encoder::new_table(int index, Kind kind) {
  add_object(index, kind);
  tagged(Tag::table, std::uint64_t{0});
  scratch_.objects.back().sizes = parcel_.size_ - sizeof(std::uint64_t);
}

void Encoder::add_object(int index, Kind kind) {
  scratch_.objects.push_back({current_, kind, 0});
  lua_pushvalue(L, index);
  lua_rawseti(L, found_, static_cast<lua_Integer>(scratch_.objects.size()));
}

// Bodies -----------------------------------------------------------------------------------------------------------

void Encoder::bodies() {
  body_ = lua_gettop(L) + 1;
  for (current_ = 0; current_ < scratch_.objects.size(); ++current_) {
    lua_rawgeti(L, found_, lua_Integer{current_} + 1);
    switch (scratch_.objects[current_].kind) {
      case Kind::table: table_body(); break;
      case Kind::class_fields: class_body(); break;
      case Kind::function: function_body(); break;
    }
    lua_settop(L, body_ - 1);
  }
}

void Encoder::table_body() {
  std::uint32_t sequence = 0;
  std::uint32_t others = 0;
  lua_pushnil(L);
  bool more = lua_next(L, body_) != 0;
  for (; more && lua_isinteger(L, -2) != 0 && lua_tointeger(L, -2) == lua_Integer{sequence} + 1; ++sequence) {
    value(body_ + 2);
    lua_pop(L, 1);
    more = lua_next(L, body_) != 0;
  }
  if (more) tag(Tag::rest);
  for (; more; ++others) {
    value(body_ + 1);
    value(body_ + 2);
    lua_pop(L, 1);
    more = lua_next(L, body_) != 0;
  }
  tag(Tag::end);
  const std::size_t sizes = scratch_.objects[current_].sizes;
  patch(sizes, sequence);
  patch(sizes + sizeof sequence, others);
}

}  // namespace neap::internal::stdlib::thread
