#include "runtime/lua/collector.hpp"

#include <algorithm>

namespace neap::internal {

namespace {

// Percent of what is live to which the heap grows before a cycle starts. Lua's own 200 costs a tenth more time where
// many tasks come and go (row spawn_seq of tests/bench); 400 lets a large heap quadruple.
constexpr std::size_t kLeastPause = 300;
constexpr std::size_t kMostPause = 600;  // the collector keeps it in a byte, divided by 4
// Garbage worth a cycle. More would save little, because a small heap is marked in microseconds, and cost more than
// that: memory is used in turn, and what does not fit into the cache of a core is fetched from behind it again and
// again. Strings suffer most, since Lua looks into one table for each that it makes or frees (row strmix: a fifth more
// time with 6 MiB and a kMostPause of 1000).
constexpr std::size_t kWorthACycle = std::size_t{2} << 20;

// A step of the collector comes after so many bytes of allocations (a power of two), and does so many units of work for
// each 16 of them; a unit is a slot of a stack or a table that is looked at, or an object that is freed. Lua's own 13
// and 100 are steps of 51,200 units: 4 ms when the heap is large, in which no task runs. These make 6,400, and let the
// heap grow by a twentieth in the meantime.
constexpr int kStepSize = 12;
constexpr int kStepMultiplier = 25;

int pause_for(std::size_t live) {
  const std::size_t pause = 100 + 100 * kWorthACycle / live;
  return static_cast<int>(std::clamp(pause, kLeastPause, kMostPause) / 4 * 4);
}

}  // namespace

CollectorPause::CollectorPause(lua_State* L, Allocator& allocator)
    : state_(L),
      allocator_(allocator),
      last_(pause_for(allocator.in_use())) {
  lua_gc(L, LUA_GCINC, last_, kStepMultiplier, kStepSize);
  allocator.set_observer(
      [](void* self, std::size_t in_use) { return static_cast<CollectorPause*>(self)->follow(in_use); }, this);
}

CollectorPause::~CollectorPause() { allocator_.set_observer(nullptr, nullptr); }

/// Runs inside an allocation, where all that may be asked of Lua is to remember a number.
bool CollectorPause::follow(std::size_t in_use) {
  const int pause = pause_for(in_use);
  const int before = lua_gc(state_, LUA_GCSETPAUSE, pause);
  if (before < 0) return false;  // a finalizer is running
  if (before == last_) {
    last_ = pause;
  } else {
    lua_gc(state_, LUA_GCSETPAUSE, before);
  }
  return true;
}

}  // namespace neap::internal
