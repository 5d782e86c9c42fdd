// What has been killed, to be yanked: the newest first. It outlives the entries.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace neap::internal::repl {

class KillRing {
 public:
  static constexpr std::size_t kKept = 60;

  void add(std::string_view text) {
    texts_.emplace_front(text);
    if (texts_.size() > kKept) texts_.pop_back();
    at_ = 0;
  }
  /// What is killed right after a kill belongs to it: in front of it when it was killed backwards.
  void join(std::string_view text, bool backwards) {
    if (texts_.empty()) return add(text);
    texts_.front().insert(backwards ? 0 : texts_.front().size(), text);
  }

  [[nodiscard]] bool empty() const { return texts_.empty(); }
  const std::string& newest() { return texts_[at_ = 0]; }
  /// The one before that of the last call, and after the oldest the newest.
  const std::string& older() { return texts_[at_ = (at_ + 1) % texts_.size()]; }

 private:
  std::deque<std::string> texts_;
  std::size_t at_ = 0;
};

}  // namespace neap::internal::repl
