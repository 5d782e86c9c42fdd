// A buffer of bytes, as files and streams read into and write from.
#pragma once

#include "runtime/lua/string_block.hpp"

#include <cstddef>
#include <string_view>

namespace neap::internal::stdlib::io {

/// Bytes in memory that grow without being cleared first. Throws std::bad_alloc.
class Bytes {
 public:
  Bytes() = default;
  ~Bytes();
  Bytes(Bytes&& other) noexcept { swap(other); }
  Bytes& operator=(Bytes&& other) noexcept {
    swap(other);
    return *this;
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  [[nodiscard]] char* data() { return data_; }
  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t room() const { return capacity_ - size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Makes room for at least `count` more bytes, at the end.
  void reserve_more(std::size_t count);
  /// Counts bytes that were written into the room at the end.
  void added(std::size_t count) { size_ += count; }
  void append(std::string_view bytes);
  void remove_front(std::size_t count);
  void clear() { size_ = 0; }
  /// Gives the memory back when there is much of it.
  void shrink();
  /// Gives its memory away, as push_string_block takes it, and is empty. There must be bytes.
  char* release();

 private:
  void swap(Bytes& other) noexcept;

  [[nodiscard]] char* block() const { return data_ == nullptr ? nullptr : data_ - kBeforeString; }

  char* data_ = nullptr;  // in a block that may become a string of Lua's
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace neap::internal::stdlib::io
