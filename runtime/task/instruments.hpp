// Instruments: functions of a script that are told what the scheduler does.
//
// They cost a look at one flag while there is none. What happens inside a step (a task is made, or becomes ready) is
// noted, and told before the next step begins: an instrument runs between steps, where it can disturb nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace neap::internal {

enum class Event : std::uint8_t {
  task_created,
  task_scheduled,
  before_step,
  after_step,
  task_done,
  before_poll,
  after_poll,
  count_
};

/// By the names that scripts use.
inline constexpr std::array<const char*, static_cast<std::size_t>(Event::count_)> kEventNames{
    "task_created", "task_scheduled", "before_step", "after_step", "task_done", "before_poll", "after_poll"};

class Instruments {
 public:
  [[nodiscard]] bool any() const { return wanted_ != 0; }
  [[nodiscard]] bool wants(Event event) const { return (wanted_ >> static_cast<unsigned>(event) & 1U) != 0; }
  void want(Event event, bool on) {
    const auto bit = std::uint32_t{1} << static_cast<unsigned>(event);
    wanted_ = on ? wanted_ | bit : wanted_ & ~bit;
  }

  /// What has happened and was not told yet. `anchor` keeps the task alive.
  struct Note {
    Event event;
    int anchor;
  };
  std::vector<Note> notes;

 private:
  std::uint32_t wanted_ = 0;
};

}  // namespace neap::internal
