#include "stdlib/thread/parcel.hpp"

#include "stdlib/thread/channel.hpp"
#include "stdlib/thread/decoder.hpp"
#include "stdlib/thread/encoder.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace neap::internal::stdlib::thread {

namespace {

constexpr std::size_t kFirstCapacity = 64;
constexpr std::size_t kWaste = 1024;  // bytes that may stay reserved
constexpr int kWorkingSlots = 24;     // of the Lua stack

thread_local EncoderScratch scratch;

}  // namespace

Parcel::~Parcel() {
  std::free(bytes_);
  let_channels_go();
}

void Parcel::let_channels_go() {
  for (auto& held : channels_) Channel::let_go(std::move(held));
  channels_.clear();
}

bool Parcel::holds_channels() const {
  return std::any_of(channels_.begin(), channels_.end(), [](const auto& held) { return held != nullptr; });
}

std::size_t Parcel::size() const {
  std::size_t size = capacity_;
  for (const std::string& block : blocks_) size += block.capacity();
  return size;
}

void Parcel::forget(const Channel& channel) {
  for (auto& held : channels_) {
    if (held.get() == &channel) held.reset();
  }
}

void Parcel::remember(const std::shared_ptr<Channel>& channel) {
  for (auto& held : channels_) {
    if (!held) held = channel;
  }
}

void Parcel::swap(Parcel& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  blocks_.swap(other.blocks_);
  modules_.swap(other.modules_);
  channels_.swap(other.channels_);
}

void Parcel::clear() {
  size_ = 0;
  blocks_.clear();
  modules_.clear();
  let_channels_go();
}

void Parcel::grow(std::size_t size) {
  const std::size_t capacity = std::max({kFirstCapacity, size_ + size, 2 * capacity_});
  auto* bytes = static_cast<char*>(std::realloc(bytes_, capacity));
  if (bytes == nullptr) throw std::bad_alloc();
  bytes_ = bytes;
  capacity_ = capacity;
}

void Parcel::trim() {
  if (capacity_ - size_ <= kWaste) return;
  auto* bytes = static_cast<char*>(std::realloc(bytes_, std::max<std::size_t>(size_, 1)));
  if (bytes == nullptr) return;
  bytes_ = bytes;
  capacity_ = std::max<std::size_t>(size_, 1);
}

void pack(lua_State* L, int first, int count, const char* what, Parcel& parcel) {
  luaL_checkstack(L, kWorkingSlots, nullptr);
  Encoder(L, scratch, what, Refusal::raise, parcel).values(first, count);
}

void pack_error(lua_State* L, int index, Parcel& parcel) {
  luaL_checkstack(L, kWorkingSlots, nullptr);
  Encoder(L, scratch, "error", Refusal::describe, parcel).values(index, 1);
}

bool needs_modules(lua_State* L, const Parcel& parcel) {
  if (parcel.modules().empty()) return false;
  luaL_checkstack(L, 2, nullptr);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  const bool all = std::all_of(parcel.modules().begin(), parcel.modules().end(), [L](const std::string& name) {
    lua_pushlstring(L, name.data(), name.size());
    const bool loaded = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    return loaded;
  });
  lua_pop(L, 1);
  return !all;
}

int unpack(lua_State* L, const Parcel& parcel) { return Decoder(L, parcel).values(); }

}  // namespace neap::internal::stdlib::thread
