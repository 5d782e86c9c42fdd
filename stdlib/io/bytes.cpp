#include "stdlib/io/bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace neap::internal::stdlib::io {

namespace {

constexpr std::size_t kSmallest = 4096;
constexpr std::size_t kAround = kBeforeString + kAfterString;
constexpr std::size_t kMuch = std::size_t{256} * 1024;  // memory that an idle buffer gives back

}  // namespace

Bytes::~Bytes() { std::free(block()); }

void Bytes::swap(Bytes& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void Bytes::reserve_more(std::size_t count) {
  if (room() >= count) return;
  if (count > PTRDIFF_MAX - kAround - size_) throw std::bad_alloc();
  const std::size_t doubled = capacity_ <= PTRDIFF_MAX / 2 - kAround ? capacity_ * 2 : PTRDIFF_MAX - kAround;
  const std::size_t wanted = std::max({size_ + count, doubled, kSmallest});
  void* grown = std::realloc(block(), wanted + kAround);
  if (grown == nullptr) throw std::bad_alloc();
  data_ = static_cast<char*>(grown) + kBeforeString;
  capacity_ = wanted;
}

void Bytes::append(std::string_view bytes) {
  if (bytes.empty()) return;
  reserve_more(bytes.size());
  size_ += bytes.copy(data_ + size_, bytes.size());
}

void Bytes::remove_front(std::size_t count) {
  if (count == 0) return;
  std::memmove(data_, data_ + count, size_ - count);
  size_ -= count;
}

void Bytes::shrink() {
  if (capacity_ <= kMuch || size_ > kMuch / 2) return;
  Bytes smaller;
  smaller.append({data_, size_});
  swap(smaller);
}

char* Bytes::release() {
  void* smaller = std::realloc(block(), size_ + kAround);
  char* const result = smaller != nullptr ? static_cast<char*>(smaller) : block();
  data_ = nullptr;
  size_ = capacity_ = 0;
  return result;
}

}  // namespace neap::internal::stdlib::io
