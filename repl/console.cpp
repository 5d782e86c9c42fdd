#include "repl/console.hpp"

#include <poll.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <utility>

namespace neap::internal::repl {

namespace {

constexpr std::size_t kMostPending = std::size_t{64} * 1024;  // bytes; more are shown before the turn ends
constexpr std::uint64_t kLongTurn = 50'000'000;  // nanoseconds; after these what is printed is shown at once

}  // namespace

Console::Console(int fd, bool coloured, Wake wake, void* owner)
    : fd_(fd),
      wake_(wake),
      owner_(owner),
      thread_(pthread_self()),
      screen_(coloured) {}

/// Writes to the terminal. What cannot be written, because the terminal is gone, is dropped.
void Console::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {  // somebody who shares it has made it so
      pollfd item{fd_, POLLOUT, 0};
      ::poll(&item, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

void Console::pass(std::string_view bytes) {
  put(bytes);
  state_.feed(bytes, screen_.columns());
}

bool Console::is_overdue() const { return pending_.size() > kMostPending || uv_hrtime() - turn_began_ > kLongTurn; }

void Console::write(std::string_view bytes) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (!editing_ && !held_) return pass(bytes);
    pending_ += bytes;
    if (!editing_) return;
    if (pthread_equal(pthread_self(), thread_) == 0) {
      wake = !std::exchange(woken_, true);
    } else if (is_overdue()) {
      flush_locked();
      turn_began_ = uv_hrtime();
    }
  }
  if (wake) wake_(owner_);
}

bool Console::takes_input() {
  const std::lock_guard lock(mutex_);
  return editing_;
}

/// Output above the block. Afterwards the block is not on the screen, and the cursor is where it begins.
void Console::add_output(std::string& out, std::string_view bytes) {
  out += screen_.erase();
  const int columns = screen_.columns();
  if (state_.column() == columns) {
    // The row is full: where the block was, the line goes on anyway, unless it ends there or begins anew.
    if (bytes.starts_with("\r\n")) bytes.remove_prefix(1);
    if (bytes.starts_with('\n')) {
      bytes.remove_prefix(1);
    } else if (bytes.starts_with('\r')) {
      out += "\x1b[A";
    }
    state_.begin_line();
  } else if (state_.column() > 0) {
    out.append("\x1b[A\x1b[").append(std::to_string(state_.column() + 1)).append("G");
  }
  out += state_.look();
  out += bytes;
  state_.feed(bytes, columns);
  if (!state_.look().empty()) out += "\x1b[0m";
  if (state_.column() > 0) out += "\r\n";
  screen_.forget();
  screen_.keep_above(state_.column() > 0 ? 1 : 0);
}

void Console::flush_locked() {
  if (!editing_) return;
  woken_ = false;
  std::string out;
  const std::size_t whole = pending_.size() - incomplete_tail(pending_);
  if (whole != 0) {
    add_output(out, std::string_view(pending_).substr(0, whole));
    pending_.erase(0, whole);
    dirty_ = true;
  }
  if (std::exchange(dirty_, false)) out += screen_.draw(view_);
  put(out);
}

void Console::flush() {
  const std::lock_guard lock(mutex_);
  flush_locked();
}

void Console::begin_turn() {
  const std::lock_guard lock(mutex_);
  turn_began_ = uv_hrtime();
}

void Console::show(View view) {
  const std::lock_guard lock(mutex_);
  view_ = std::move(view);
  editing_ = true;
  held_ = false;
  dirty_ = true;
}

void Console::finish_locked(const View& view, std::string_view note) {
  if (!editing_) return;
  std::string out;
  if (!pending_.empty()) add_output(out, std::exchange(pending_, {}));
  out += screen_.finish(view);
  out += note;
  out += state_.look();
  state_.begin_line();
  screen_.keep_above(0);
  editing_ = false;
  put(out);
}

void Console::finish(const View& view, std::string_view note) {
  const std::lock_guard lock(mutex_);
  finish_locked(view, note);
}

/// What begins a row unless the cursor is in column 0: as many blanks as the row has cells. From column 0 they fill it
/// and stay in it, from any other they end in the next one.
std::string Console::fresh_row() const {
  std::string out = "\x1b[0m";
  out.append(static_cast<std::size_t>(screen_.columns()), ' ').append("\r\x1b[K");
  return out;
}

void Console::settle() {
  const std::lock_guard lock(mutex_);
  view_.cursor = view_.text.size();
  view_.hint.clear();
  view_.below.clear();
  finish_locked(view_, {});
}

void Console::redraw() {
  const std::lock_guard lock(mutex_);
  put(fresh_row());
  screen_.forget();
  screen_.keep_above(0);
  state_.begin_line();
  dirty_ = true;
}

void Console::clear() {
  const std::lock_guard lock(mutex_);
  put("\x1b[H\x1b[2J");
  screen_.forget();
  screen_.keep_above(0);
  state_.begin_line();
  dirty_ = true;
}

void Console::fresh_line() {
  const std::lock_guard lock(mutex_);
  if (editing_) return;
  put(fresh_row());
  state_.begin_line();
}

void Console::hold(bool on) {
  const std::lock_guard lock(mutex_);
  held_ = on;
  if (!on && !editing_) pass(std::exchange(pending_, {}));
}

void Console::resize(int columns, int rows, Reflow reflow) {
  const std::lock_guard lock(mutex_);
  if (columns != screen_.columns()) {
    // Where a line that has not ended stands is unknown now: it is continued in a new row.
    state_.begin_line();
    screen_.keep_above(0);
  }
  screen_.resize(columns, rows, reflow);
  dirty_ = true;
}

void Console::send(std::string_view sequence) {
  const std::lock_guard lock(mutex_);
  put(sequence);
}

}  // namespace neap::internal::repl
