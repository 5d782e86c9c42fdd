// How the items of a Queue lie: in the order in which they leave.
//
// The items are in a table that has room for `capacity` of them, a power of two, in its array part: a ring for the
// plain Queue and the LifoQueue, a binary heap of entries (item, key, number of arrival) for the PriorityQueue. The
// table is user value kItems of the store, a userdata whose place on the stack the functions are given.
//
// Comparing may call a script, and so raise, and do anything. Where an item belongs is found before anything is moved:
// what raises leaves the store as it was. A script that uses the queue meanwhile is told so.
#pragma once

#include <lua.hpp>

namespace neap::internal::stdlib {

enum class Order : unsigned char { fifo, lifo, priority };

struct QueueStore {
  Order order = Order::fifo;
  bool compares_keys = false;  // `less` is none of the script's: numbers and strings can be compared without it
  lua_Integer count = 0;
  lua_Integer first = 0;  // the ring's first place
  lua_Integer capacity = 0;
  lua_Integer changes = 0;   // puts, takes and moves to another table so far
  lua_Integer arrivals = 0;  // of a PriorityQueue
};

inline constexpr int kItems = 1;
inline constexpr int kKey = 2;   // function of the item, or nil
inline constexpr int kLess = 3;  // function of two keys; of a PriorityQueue
inline constexpr int kStoreValues = 3;

/// Makes the table of the store at `index`.
void open_store(lua_State* L, int index, QueueStore& store);
/// Puts the value at index `item`.
void store_put(lua_State* L, int index, QueueStore& store, int item);
/// Takes the item that is next, and pushes it, above one other value. The store must not be empty.
void store_take(lua_State* L, int index, QueueStore& store);
/// Drops an item other than the next (of a heap, any that none depends on). Calls no script.
void store_drop(lua_State* L, int index, QueueStore& store);

}  // namespace neap::internal::stdlib
