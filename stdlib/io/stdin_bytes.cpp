#include "stdlib/io/stdin_bytes.hpp"

#include <new>

namespace neap::internal::stdlib::io {

namespace {

const char kBuffers = 0;  // registry key

struct Buffer {
  Bytes* bytes = nullptr;  // null: it has never read
  std::size_t* begin = nullptr;
};

struct Buffers {
  Buffer of[2];
};

/// Null until the first one reads.
Buffers* find(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kBuffers);
  auto* buffers = static_cast<Buffers*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return buffers;
}

}  // namespace

void set_stdin_bytes(lua_State* L, StdinReader reader, Bytes& bytes, std::size_t& begin) {
  Buffers* buffers = find(L);
  if (buffers == nullptr) {
    buffers = new (lua_newuserdatauv(L, sizeof(Buffers), 0)) Buffers();
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kBuffers);
  }
  buffers->of[static_cast<int>(reader)] = {&bytes, &begin};
}

void take_over_stdin(lua_State* L, StdinReader reader) {
  Buffers* buffers = find(L);
  if (buffers == nullptr) return;
  const Buffer& own = buffers->of[static_cast<int>(reader)];
  const Buffer& other = buffers->of[1 - static_cast<int>(reader)];
  if (own.bytes == nullptr || other.bytes == nullptr || *other.begin == other.bytes->size()) return;
  own.bytes->append({other.bytes->data() + *other.begin, other.bytes->size() - *other.begin});
  other.bytes->clear();
  *other.begin = 0;
}

}  // namespace neap::internal::stdlib::io
