// A channel between threads: values on their way from the tasks of any Lua state to those of any other.
//
// It holds parcels, up to its capacity. Who waits first is served first: a sender that finds a receiver waiting hands
// it the parcel; a receiver that makes room takes over the parcel of the first sender that waits.
//
// Owner: shared by the userdata that scripts hold and the parcels that bring it to other states. Parcels in the queues
// of channels may hold each other's channels in a circle: whoever gives up a channel does so by `let_go`, which finds
// those that only such a circle keeps.
//
// Invariants
//  1. A Wait is in a list exactly while it is `waiting`. Whoever takes it out sets its state and posts to its loop,
//     where its task is woken if it still waits.
//  2. Receivers wait only while the channel is empty, senders only while it is full.
#pragma once

#include "stdlib/thread/home.hpp"
#include "stdlib/thread/parcel.hpp"

#include <lua.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace neap::internal::stdlib::thread {

class Channel {
 public:
  /// A task that waits to send or receive.
  struct Wait {
    enum class State : std::uint8_t {
      waiting,
      granted,   // the parcel has been taken, or is there
      closed,    // the channel was closed first
      abandoned  // nobody waits: not yet, or the task has been told to end
    };

    Wait() = default;
    ~Wait() { let_go(std::move(channel)); }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    std::shared_ptr<Channel> channel;
    std::shared_ptr<Home> home;
    Task* task = nullptr;  // its loop's: null once nobody waits
    Parcel parcel;         // the rest is the channel's mutex's
    State state = State::abandoned;
    bool sends = false;
    std::list<std::shared_ptr<Wait>>::iterator place;
  };

  enum class Outcome : std::uint8_t { done, must_wait, closed };

  explicit Channel(std::size_t capacity) : capacity_(capacity) {}

  // Any thread.

  /// Takes the parcel; or, when it must wait, has `wait` (null: nobody) stand in the row with it.
  Outcome send(Parcel& parcel, const std::shared_ptr<Wait>& wait);
  /// The other way round.
  Outcome receive(Parcel& parcel, const std::shared_ptr<Wait>& wait);
  /// Its task does not wait any more.
  void abandon(Wait& wait);
  /// What a receiver was given and cannot take.
  void give_back(Parcel& parcel);
  void close();
  [[nodiscard]] bool is_closed();
  [[nodiscard]] std::size_t size();
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  /// Gives up a channel (null: nothing). What nobody can reach any more from outside of the channels' own queues is
  /// emptied, and so destroyed, soon; without memory it stays. Under no channel's mutex.
  static void let_go(std::shared_ptr<Channel> channel) noexcept;
  /// Looks now, when `let_go` would wait for more. Throws std::bad_alloc.
  static void empty_circles();

 private:
  using Waits = std::list<std::shared_ptr<Wait>>;
  using Parcels = std::deque<Parcel>;
  class Circles;

  [[nodiscard]] bool keeps_channels();
  void add_last(Parcel& parcel);
  void take_first(Parcel& parcel);
  static void queue(Waits& waits, const std::shared_ptr<Wait>& wait);
  bool hand_to_receiver(Parcel& parcel);
  void take_from_sender();
  static std::shared_ptr<Wait> take(Waits& waits, Wait::State state);
  static void tell(const std::shared_ptr<Wait>& wait);
  static void end_all(Waits& waits);

  const std::size_t capacity_;
  std::mutex mutex_;
  Parcels parcels_;
  std::size_t with_channels_ = 0;  // of the parcels
  Waits senders_;
  Waits receivers_;
  bool closed_ = false;
};

/// The channel of the userdata at `index`, or null.
std::shared_ptr<Channel> to_channel(lua_State* L, int index);
/// Pushes a userdata of the channel.
void push_channel(lua_State* L, const std::shared_ptr<Channel>& channel);
/// Lua function `thread_channel(capacity)`.
int new_channel(lua_State* L);
/// Makes the types; any number of times.
void open_channels(lua_State* L);

}  // namespace neap::internal::stdlib::thread
