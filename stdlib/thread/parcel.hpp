// Copies of Lua values on their way from one state to another.
//
// A Parcel holds bytes, and nothing of the state that packed it: it may be moved to any thread, unpacked there as often
// as one likes, and destroyed anywhere. What crosses:
//  - nil, booleans, integers, floats, strings, the null pointer (JSON's null in many libraries);
//  - tables, with cycles, and what is shared within one parcel is shared in the copy; metamethods are not called;
//  - functions: their code and their upvalues, shared ones too. An upvalue that is the table of globals is the
//    receiver's there. `async(f)`, `async.generator(f)` and `async.contextmanager(f)` go as f does;
//  - modules (what package.loaded holds) and their C functions, and what belongs to neap and to Lua: by name. The
//    receiver has its own, or requires it. Also the metatable of an object, when it is a module or a field of one;
//  - error classes, those made by async.class too: they keep their identity when they come back. See classes.hpp.
//  - channels between threads, which are not copied: both states have the same one.
// Everything else (userdata, coroutines, other objects) cannot.
#pragma once

#include <lua.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace neap::internal::stdlib::thread {

class Channel;
class Encoder;
class Decoder;

/// Lua values taken out of one state, to be put into another.
class Parcel {
 public:
  Parcel() = default;
  ~Parcel();
  Parcel(Parcel&& other) noexcept { swap(other); }
  Parcel& operator=(Parcel&& other) noexcept {
    swap(other);
    return *this;
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  /// Bytes that it holds.
  [[nodiscard]] std::size_t size() const;
  /// Modules that unpack looks up, and requires where they have not been loaded. A module whose body waits must have
  /// been required before.
  [[nodiscard]] const std::vector<std::string>& modules() const { return modules_; }
  /// In a channel's own queue a parcel must not own the channel, which would never be destroyed: it forgets it there,
  /// and remembers it when it has been taken out.
  void forget(const Channel& channel);
  void remember(const std::shared_ptr<Channel>& channel);
  [[nodiscard]] bool holds_channels() const;
  /// Those that it holds, each as often as it does; null for one that it has forgotten.
  [[nodiscard]] const std::vector<std::shared_ptr<Channel>>& channels() const { return channels_; }

 private:
  friend class Encoder;
  friend class Decoder;
  friend class ParcelDamage;  // of the tests

  void swap(Parcel& other) noexcept;
  void clear();
  void let_channels_go();
  /// Room for `size` more bytes. Throws std::bad_alloc.
  void grow(std::size_t size);
  /// Gives back what was reserved and is not used.
  void trim();

  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::vector<std::string> blocks_;  // long strings and the code of functions, copied once
  std::vector<std::string> modules_;
  std::vector<std::shared_ptr<Channel>> channels_;
};

/// Copies the `count` values from stack index `first` on. `what` names them in errors: what cannot cross is a TypeError
/// with the path, "argument 2.conn is a Stream, which cannot be copied to another thread". `parcel` must be owned by
/// something that a longjmp does not skip (a userdata); after an error it is empty or in part filled. May throw
/// std::bad_alloc.
void pack(lua_State* L, int first, int count, const char* what, Parcel& parcel);
/// The same for an error on its way back, which has to arrive: what cannot cross is replaced by its type's name in
/// angle brackets, "<Stream>".
void pack_error(lua_State* L, int index, Parcel& parcel);
/// True when unpack would require a module that has not been loaded: its body may wait, and unpack cannot.
bool needs_modules(lua_State* L, const Parcel& parcel);
/// Pushes the values, and returns how many. Raises for want of memory, what `require` raises for a module that is not
/// there, and RuntimeError for a name that the module has not.
int unpack(lua_State* L, const Parcel& parcel);

}  // namespace neap::internal::stdlib::thread
