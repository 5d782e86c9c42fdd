// Writes Lua values into a Parcel: see format.hpp.
//
// While it runs, no Lua code does, no metamethod and no finalizer: it calls nothing that lets Lua's collector take a
// step. So the addresses by which it knows what it has met stay those of the same values.
#pragma once

#include "stdlib/thread/format.hpp"
#include "stdlib/thread/names.hpp"
#include "stdlib/thread/parcel.hpp"
#include "stdlib/thread/seen.hpp"

#include <lua.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace neap::internal::stdlib::thread {

/// What cannot cross is refused, or replaced by a text.
enum class Refusal : unsigned char { raise, describe };

/// What the encoder needs beside the parcel: one per thread, kept from one parcel to the next, because a Lua error may
/// skip any destructor.
struct EncoderScratch {
  enum class Kind : unsigned char { table, function, class_fields };
  struct Object {
    std::uint32_t parent;  // the object that it was first found in, or kTop | position on the stack
    Kind kind;
    std::size_t sizes;  // where the sizes of its mention are, to be filled in
  };
  static constexpr std::uint32_t kTop = 0x80000000;

  struct Upvalue {
    std::uint32_t function;
    std::uint8_t number;
  };

  Seen seen;  // tables, functions, long strings, and the variables that functions share
  std::vector<Object> objects;
  std::vector<Upvalue> upvalues;
  std::set<const void*> classes;     // metatables of the script's objects that have been mentioned
  std::string code;                  // of the function that is being dumped
  std::vector<std::uint32_t> chain;  // for the path in an error

  void clear();
};

class Encoder {
 public:
  Encoder(lua_State* state, EncoderScratch& scratch, const char* what, Refusal refusal, Parcel& parcel);

  void values(int first, int count);

 private:
  using Kind = EncoderScratch::Kind;

  void value(int index);
  void other(int index);
  void integer(lua_Integer value);
  void text(int index);
  void long_text(const char* bytes, std::size_t size);

  void table(int index);
  void special_table(int index);
  void numbered_table(int index);
  void new_table(int index, Kind kind);
  bool known(const void* address);
  void note_modules();

  void function(int index);
  void lua_function(int index);
  bool c_function(int index);
  bool wrapped_function(int index);
  bool manager_function(int index);
  void named(const Place& place, const void* address);
  void place(const Place& place);

  void error_class(int index);
  void made_classes(int index);
  void made_class(int index);

  void bodies();
  void table_body();
  void class_body();
  void function_body();
  void upvalue(int number);

  void refuse(int index);
  void push_description(int index);
  void write_description(const char* description);
  void push_path(int index);
  void push_key_step(int key);
  void push_step(std::uint32_t parent, std::uint32_t child);
  bool push_step_in_table(int table, int child);
  bool push_step_in_function(int function, int child);

  void add_object(int index, Kind kind);
  void add_extra(const void* address) { scratch_.seen.at(address) = kExtra | extras_++; }

  // Bytes.
  char* room(std::size_t size) {
    if (parcel_.capacity_ - parcel_.size_ < size) parcel_.grow(size);
    char* place = parcel_.bytes_ + parcel_.size_;
    parcel_.size_ += size;
    return place;
  }
  void tag(Tag tag) { *room(1) = static_cast<char>(tag); }
  template <class Number>
  void put(Number number) {
    std::memcpy(room(sizeof number), &number, sizeof number);
  }
  template <class Number>
  void tagged(Tag tag, Number number) {
    char* place = room(1 + sizeof number);
    *place = static_cast<char>(tag);
    std::memcpy(place + 1, &number, sizeof number);
  }
  template <class Number>
  void patch(std::size_t offset, Number number) {
    std::memcpy(parcel_.bytes_ + offset, &number, sizeof number);
  }
  void short_text(std::string_view text);
  void new_text(std::string_view text);
  std::uint8_t take_slot();

  static constexpr std::uint32_t kTop = EncoderScratch::kTop;
  static constexpr std::uint32_t kExtra = 0x80000000;   // in `seen`: the rest is an extra's number
  static constexpr std::uint32_t kModule = 0xfffffffe;  // in `seen`: a module not mentioned yet
  static constexpr int kMostClasses = 200;              // that derive from each other

  lua_State* L;
  EncoderScratch& scratch_;
  const char* what_;
  Refusal refusal_;
  Parcel& parcel_;
  int found_ = 0;              // stack index of the list of objects
  int body_ = 0;               // stack index of the object whose body is written; a table's key and value are above it
  int upvalue_ = 0;            // the number of its upvalue, when it is a function
  std::uint32_t current_ = 0;  // the number of that object, or kTop | position of a value
  std::uint32_t extras_ = 0;
  bool modules_noted_ = false;
  const void* globals_ = nullptr;
  std::size_t slots_used_ = 0;
  std::array<const void*, kSlots> text_at_{};   // by a hash of the address: a text that has a slot,
  std::array<std::uint8_t, kSlots> slot_at_{};  // its slot,
  std::array<std::uint8_t, kSlots> owner_{};    // and by slot: its place in these two
};

}  // namespace neap::internal::stdlib::thread
