// Addresses that were met, and a number for each: a hash table with open addressing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace neap::internal::stdlib::thread {

class Seen {
 public:
  /// The number of the address; a new address gets kNew, which the caller is to replace. Valid until the next call.
  std::uint32_t& at(const void* address) {
    if (2 * (count_ + 1) > entries_.size()) grow();
    Entry& entry = find(address);
    if (entry.address == nullptr) {
      entry = {address, kNew};
      ++count_;
    }
    return entry.number;
  }

  /// Takes time in proportion to what was entered; and keeps the memory for as much again.
  void clear() {
    if (entries_.size() > kMostKept || (entries_.size() > kFirst && count_ < entries_.size() / kSparse)) {
      entries_ = {};
    } else if (count_ != 0) {
      entries_.assign(entries_.size(), {});
    }
    count_ = 0;
  }

  static constexpr std::uint32_t kNew = 0xffffffff;

 private:
  struct Entry {
    const void* address;
    std::uint32_t number;
  };

  static constexpr std::size_t kFirst = 64;
  static constexpr std::size_t kSparse = 16;
  static constexpr std::size_t kMostKept = std::size_t{1} << 16;

  Entry& find(const void* address) {
    const std::size_t mask = entries_.size() - 1;
    // Blocks are multiples of 16 bytes: the multiplication brings what differs to the top.
    std::size_t place = (reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (entries_[place].address != nullptr && entries_[place].address != address) place = (place + 1) & mask;
    return entries_[place];
  }

  void grow() {
    std::vector<Entry> old(entries_.empty() ? kFirst : 2 * entries_.size());
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.address != nullptr) find(entry.address) = entry;
    }
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace neap::internal::stdlib::thread
