#include "runtime/lua/chunk.hpp"

#include <cstdint>
#include <cstring>
#include <exception>
#include <string_view>

namespace neap::internal {

namespace {

// The format of dumped code in Lua 5.4. The header: signature, version, format, a text that transfers in text mode
// break, three sizes, an integer and a float.
constexpr std::string_view kHeader("\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08", 15);
constexpr std::size_t kHeaderSize = kHeader.size() + sizeof(lua_Integer) + sizeof(lua_Number);

constexpr std::uint32_t kOpcode = 0x7f;
constexpr std::uint32_t kClose = 54;
constexpr std::uint32_t kForLoop = 77;  // OP_TFORLOOP
constexpr std::uint32_t kHidden = 4;    // variables of a generic for before the script's own

constexpr std::uint32_t register_of(std::uint32_t instruction) { return instruction >> 7 & 0xff; }

/// Reads dumped code. Once something does not fit, `bad` is set and all reads give 0.
class Reader {
 public:
  Reader(char* begin, char* end) : at_(begin), end_(end) {}

  [[nodiscard]] bool bad() const { return bad_; }

  char* take(std::size_t size) {
    if (bad_ || size > static_cast<std::size_t>(end_ - at_)) {
      bad_ = true;
      return nullptr;
    }
    char* const start = at_;
    at_ += size;
    return start;
  }

  unsigned char byte() {
    const char* place = take(1);
    return place == nullptr ? 0 : static_cast<unsigned char>(*place);
  }

  /// Seven bits in each byte, the highest first; the last byte is marked.
  std::size_t number() {
    std::size_t value = 0;
    for (;;) {
      const unsigned char next = byte();
      value = value << 7 | (next & 0x7f);
      if (bad_) return 0;
      if ((next & 0x80) != 0) return value;
    }
  }

  void skip_string() {
    const std::size_t size = number();
    if (size > 1) take(size - 1);
  }

  void skip_constant() {
    switch (byte()) {
      case 0x03:
      case 0x13: take(8); break;  // integer, float
      case 0x04:
      case 0x14: skip_string(); break;
      default: break;  // nil and booleans
    }
  }

 private:
  char* at_;
  char* end_;
  bool bad_ = false;
};

/// True when an instruction was set right.
bool repair_instructions(char* code, std::size_t count) {
  bool repaired = false;
  std::uint32_t previous = 0;
  for (std::size_t i = 0; i < count; ++i, code += sizeof previous) {
    std::uint32_t instruction = 0;
    std::memcpy(&instruction, code, sizeof instruction);
    const bool after_loop = i > 0 && (previous & kOpcode) == kForLoop && (instruction & kOpcode) == kClose;
    if (after_loop && register_of(instruction) == register_of(previous) + kHidden) {
      instruction -= kHidden << 7;
      std::memcpy(code, &instruction, sizeof instruction);
      repaired = true;
    }
    previous = instruction;
  }
  return repaired;
}

void skip_debug_information(Reader& reader) {
  reader.take(reader.number());  // line of each instruction
  for (std::size_t n = reader.number(); n > 0 && !reader.bad(); --n) {
    reader.number();
    reader.number();
  }
  for (std::size_t n = reader.number(); n > 0 && !reader.bad(); --n) {  // local variables
    reader.skip_string();
    reader.number();
    reader.number();
  }
  for (std::size_t n = reader.number(); n > 0 && !reader.bad(); --n) reader.skip_string();  // upvalues
}

/// A function and those inside it; Lua bounds how deep they nest.
bool repair_function(Reader& reader) {
  reader.skip_string();  // source
  reader.number();
  reader.number();
  reader.take(3);
  const std::size_t count = reader.number();
  char* const code = reader.take(count * sizeof(std::uint32_t));
  bool repaired = code != nullptr && repair_instructions(code, count);
  for (std::size_t n = reader.number(); n > 0 && !reader.bad(); --n) reader.skip_constant();
  reader.take(3 * reader.number());  // upvalues
  for (std::size_t n = reader.number(); n > 0 && !reader.bad(); --n) repaired |= repair_function(reader);
  skip_debug_information(reader);
  return repaired;
}

int append(lua_State*, const void* bytes, std::size_t size, void* code) {
  try {
    static_cast<std::string*>(code)->append(static_cast<const char*>(bytes), size);
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace

bool repair_code(std::string& code) {
  if (code.compare(0, kHeader.size(), kHeader) != 0 || code.size() <= kHeaderSize) return false;
  Reader reader(code.data() + kHeaderSize + 1, code.data() + code.size());
  const bool repaired = repair_function(reader);
  return repaired && !reader.bad();
}

void repair_chunk(lua_State* L) {
  std::string code;  // nothing here raises: lua_dump asks for no memory, and a load answers with a status
  if (lua_dump(L, append, &code, 0) != 0 || !repair_code(code)) return;
  if (luaL_loadbufferx(L, code.data(), code.size(), "=?", "b") == LUA_OK) {
    lua_remove(L, -2);
  } else {
    lua_pop(L, 1);
  }
}

int load_chunk(lua_State* L, const char* text, std::size_t size, const char* name, const char* mode) {
  const int status = luaL_loadbufferx(L, text, size, name, mode);
  if (status == LUA_OK) repair_chunk(L);
  return status;
}

}  // namespace neap::internal
