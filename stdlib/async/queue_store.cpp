#include "stdlib/async/queue_store.hpp"

#include "runtime/lua/error.hpp"

#include <algorithm>

namespace neap::internal::stdlib {

namespace {

constexpr lua_Integer kLeast = 8;         // places of a new store
constexpr lua_Integer kKept = 1024;       // places that an emptied store keeps
constexpr lua_Integer kMost = 1LL << 28;  // places; the table's size is an int
constexpr lua_Integer kEntryFields = 3;   // of a heap's entry

lua_Integer fields(const QueueStore& store) { return store.order == Order::priority ? kEntryFields : 1; }

void push_items(lua_State* L, int index) { lua_getiuservalue(L, index, kItems); }

/// The key in the table of the ring's n-th place, counted from 0.
lua_Integer ring_key(const QueueStore& store, lua_Integer n) { return ((store.first + n) & (store.capacity - 1)) + 1; }

/// Moves the items into a table with so many places.
void resize(lua_State* L, int index, QueueStore& store, lua_Integer capacity) {
  if (capacity > kMost) luaL_error(L, "not enough memory for more than %I items in a queue", kMost);
  const lua_Integer width = fields(store);
  push_items(L, index);
  lua_createtable(L, static_cast<int>(capacity * width), 0);
  for (lua_Integer i = 0; i < store.count * width; ++i) {
    lua_rawgeti(L, -2, width == 1 ? ring_key(store, i) : i + 1);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setiuservalue(L, index, kItems);
  lua_pop(L, 1);
  store.first = 0;
  store.capacity = capacity;
  ++store.changes;  // who is comparing has the table of before
}

void make_room(lua_State* L, int index, QueueStore& store) {
  if (store.count == store.capacity) resize(L, index, store, store.capacity * 2);
}

/// Gives room back once three quarters are empty, so that what a burst took does not stay.
void give_room_back(lua_State* L, int index, QueueStore& store) {
  if (store.capacity > kKept && store.count < store.capacity / 4) resize(L, index, store, store.capacity / 2);
}

// The heap. An entry's place is counted from 0; the children of n are at 2n + 1 and 2n + 2. In these functions the
// table of items is on the stack at `items`.

lua_Integer entry_key(lua_Integer place) { return place * kEntryFields + 1; }
void push_key(lua_State* L, int items, lua_Integer place) { lua_rawgeti(L, items, entry_key(place) + 1); }

lua_Integer arrival(lua_State* L, int items, lua_Integer place) {
  lua_rawgeti(L, items, entry_key(place) + 2);
  const lua_Integer number = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return number;
}

void move_entry(lua_State* L, int items, lua_Integer from, lua_Integer to) {
  for (lua_Integer i = 0; i < kEntryFields; ++i) {
    lua_rawgeti(L, items, entry_key(from) + i);
    lua_rawseti(L, items, entry_key(to) + i);
  }
}

void clear_entry(lua_State* L, int items, lua_Integer place) {
  for (lua_Integer i = 0; i < kEntryFields; ++i) {
    lua_pushnil(L);
    lua_rawseti(L, items, entry_key(place) + i);
  }
}

/// Compares the two keys on the top of the stack, and pops them.
bool less(lua_State* L, int index, const QueueStore& store) {
  const int type = lua_type(L, -1);
  if (store.compares_keys && lua_type(L, -2) == type && (type == LUA_TNUMBER || type == LUA_TSTRING)) {
    const bool result = lua_compare(L, -2, -1, LUA_OPLT) != 0;
    lua_pop(L, 2);
    return result;
  }
  lua_getiuservalue(L, index, kLess);
  lua_insert(L, -3);
  lua_call(L, 2, 1);
  const bool result = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return result;
}

/// True when the entry at place `a` leaves before the one at `b`.
bool before(lua_State* L, int index, const QueueStore& store, int items, lua_Integer a, lua_Integer b) {
  push_key(L, items, a);
  push_key(L, items, b);
  if (less(L, index, store)) return true;
  push_key(L, items, b);
  push_key(L, items, a);
  if (less(L, index, store)) return false;
  return arrival(L, items, a) < arrival(L, items, b);
}

void check_unchanged(lua_State* L, const QueueStore& store, lua_Integer changes) {
  if (store.changes == changes) return;
  raise(L, ErrorKind::runtime, "a PriorityQueue was used by the function that compares its items");
}

/// The place for the new entry whose key is at `key`. It came last: only what is greater leaves after it.
lua_Integer find_place_up(lua_State* L, int index, const QueueStore& store, int items, int key) {
  lua_Integer place = store.count;
  while (place > 0) {
    push_key(L, items, (place - 1) / 2);
    lua_pushvalue(L, key);
    lua_insert(L, -2);
    if (!less(L, index, store)) break;
    place = (place - 1) / 2;
  }
  return place;
}

void heap_put(lua_State* L, int index, QueueStore& store, int item) {
  const int key = lua_gettop(L) + 1;
  const int items = key + 1;
  make_room(L, index, store);
  const lua_Integer changes = store.changes;
  if (lua_getiuservalue(L, index, kKey) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_pushvalue(L, item);
  } else {
    lua_pushvalue(L, item);
    lua_call(L, 1, 1);
  }
  push_items(L, index);
  const lua_Integer place = find_place_up(L, index, store, items, key);
  check_unchanged(L, store, changes);
  for (lua_Integer at = store.count; at > place; at = (at - 1) / 2) move_entry(L, items, (at - 1) / 2, at);
  lua_pushvalue(L, item);
  lua_rawseti(L, items, entry_key(place));
  lua_pushvalue(L, key);
  lua_rawseti(L, items, entry_key(place) + 1);
  lua_pushinteger(L, store.arrivals++);
  lua_rawseti(L, items, entry_key(place) + 2);
  lua_settop(L, key - 1);
}

/// The place for the last entry when the first one has left.
lua_Integer find_place_down(lua_State* L, int index, const QueueStore& store, int items) {
  const lua_Integer last = store.count - 1;
  lua_Integer place = 0;
  while (2 * place + 1 < last) {
    lua_Integer child = 2 * place + 1;
    if (child + 1 < last && before(L, index, store, items, child + 1, child)) ++child;
    if (!before(L, index, store, items, child, last)) break;
    place = child;
  }
  return place;
}

/// Moves up the entries on the path from the first place to that one.
void close_path(lua_State* L, int items, lua_Integer place) {
  int depth = 0;
  while ((place + 1) >> depth > 1) ++depth;
  for (; depth > 0; --depth) move_entry(L, items, ((place + 1) >> (depth - 1)) - 1, ((place + 1) >> depth) - 1);
}

void heap_take(lua_State* L, int index, QueueStore& store) {
  const lua_Integer changes = store.changes;
  push_items(L, index);
  const int items = lua_gettop(L);
  const lua_Integer place = find_place_down(L, index, store, items);
  check_unchanged(L, store, changes);
  lua_rawgeti(L, items, entry_key(0));
  close_path(L, items, place);
  move_entry(L, items, store.count - 1, place);
  clear_entry(L, items, store.count - 1);
}

}  // namespace

void open_store(lua_State* L, int index, QueueStore& store) {
  lua_createtable(L, static_cast<int>(kLeast * fields(store)), 0);
  lua_setiuservalue(L, index, kItems);
  store.capacity = kLeast;
}

void store_put(lua_State* L, int index, QueueStore& store, int item) {
  if (store.order == Order::priority) {
    heap_put(L, index, store, item);
  } else {
    make_room(L, index, store);
    push_items(L, index);
    lua_pushvalue(L, item);
    lua_rawseti(L, -2, ring_key(store, store.count));
    lua_pop(L, 1);
  }
  ++store.count;
  ++store.changes;
}

void store_take(lua_State* L, int index, QueueStore& store) {
  give_room_back(L, index, store);
  if (store.order == Order::priority) {
    heap_take(L, index, store);
  } else {
    const lua_Integer key = ring_key(store, store.order == Order::fifo ? 0 : store.count - 1);
    push_items(L, index);
    lua_rawgeti(L, -1, key);
    lua_pushnil(L);
    lua_rawseti(L, -3, key);
    if (store.order == Order::fifo) store.first = (store.first + 1) & (store.capacity - 1);
  }
  --store.count;
  ++store.changes;
}

void store_drop(lua_State* L, int index, QueueStore& store) {
  push_items(L, index);
  if (store.order == Order::priority) {
    clear_entry(L, lua_gettop(L), store.count - 1);  // the last entry has no child
  } else {
    lua_pushnil(L);
    lua_rawseti(L, -2, ring_key(store, store.order == Order::fifo ? store.count - 1 : 0));
    if (store.order == Order::lifo) store.first = (store.first + 1) & (store.capacity - 1);
  }
  lua_pop(L, 1);
  --store.count;
  ++store.changes;
}

}  // namespace neap::internal::stdlib
