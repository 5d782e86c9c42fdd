// What is in a parcel's bytes.
//
//     u16 slots, u32 count, count values, then the body of each object in the order in which they were first mentioned.
//
// A value is a tag and what belongs to it. A table or a Lua function is an object: its first mention says what it is
// and how large, and it has its place in the list of objects from then on; later mentions give the number. Its body
// comes later, when the bodies of all objects before it have: so neither side nests, however deep the values do.
//     body of a table: values of 1, 2, 3...; if there are other keys, `rest`, key, value, key, value...; `end`
//     body of a function: the values of its upvalues
// What has no body and may be mentioned again (a long string, a module, a class) is in a second list, of extras. Short
// strings go through slots: the last 256 that were mentioned have one each.
// The byte order is the machine's: a parcel never leaves the process.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neap::internal::stdlib::thread {

enum class Tag : std::uint8_t {
  nil,
  no,
  yes,
  int32,               // i32
  int64,               // i64
  number,              // double
  text,                // u8 slot, u8 size, bytes
  text_again,          // u8 slot
  long_text,           // u32 size, bytes; an extra
  block_text,          // u32 block; an extra
  null_pointer,        //
  globals,             // the receiver's table of globals
  object,              // u32 number
  extra,               // u32 number
  table,               // u32 values of 1, 2, 3..., u32 others; an object
  object_table,        // value of the metatable, then a table's mention
  function,            // u32 block, u8 upvalues; an object
  joined,              // u32 number of a function, u8 upvalue: the same variable as that one. Only in a function's body
  named,               // u8 names, each u8 size and bytes: a module and fields of it; an extra
  async_function,      // value of the function; an extra
  generator_function,  // the same
  manager_function,    // value of the generator function; an extra
  builtin_class,       // u8 ErrorKind
  made_class,          // see classes.hpp; an extra
  channel,             // u32 number; an extra
  rest,
  end,
  small_int = 0x80  // and all above: kSmallest to kLargest
};

inline constexpr int kSmallest = -16;
inline constexpr int kLargest = 111;

inline constexpr std::size_t kSlots = 256;
inline constexpr std::size_t kLongestText = 255;
inline constexpr std::size_t kLongestInline = std::size_t{16} << 10;  // longer strings are in blocks

inline constexpr std::size_t kMostNames = 3;  // module, field, field of that

}  // namespace neap::internal::stdlib::thread
