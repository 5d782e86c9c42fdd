// The prompt while it reads: keys, signals, drawing.
#include "repl/hook.hpp"
#include "repl/look.hpp"
#include "repl/prompt.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace neap::internal::repl {

namespace {

constexpr std::size_t kMostAtOnce =
    std::size_t{64} * 1024;  // bytes of what is typed or pasted; then others have a turn
constexpr std::string_view kHowToLeave = "(Ctrl-D or .exit leaves)";

bool has_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// Most terminals wrap lines again when their width changes; those that do not can be told by name. To take one of them
/// for another costs a few rows of earlier output; the other way round rows of the entry would be left on the screen.
Reflow reflow_of_terminal() {
  const char* term = std::getenv("TERM");
  const std::string_view name = term != nullptr ? term : "";
  if (has_variable("TMUX")) return Reflow::wraps_again;
  const bool keeps = has_variable("XTERM_VERSION") || name == "linux" || name.starts_with("screen") ||
                     name.starts_with("vt") || name.starts_with("rxvt");
  return keeps ? Reflow::keeps_rows : Reflow::wraps_again;
}

}  // namespace

StyledText Prompt::styled(std::string_view text, Style style) {
  StyledText result{std::string(text), {{0, text.size(), style}}};
  std::ranges::replace(result.text, '\n', ' ');
  return result;
}

void Prompt::begin_read(lua_State* L, Task& task, std::string_view prompt, std::string_view continuation,
                        std::string_view text) {
  lua_ = L;
  begin_row();
  terminal_.raw();
  resize();
  prompt_ = styled(prompt, Style::prompt);
  continuation_ = styled(continuation, Style::faint);
  editor_.begin(prompt_, continuation_, std::string(text));
  reader_ = &task;
  answer_ = Answer::none;
  draw();
  input_->start();
  if (!keys_.empty()) uv_async_send(&loop_side_->told);
  lua_ = scheduler_.main_thread();
}

/// The read is over; the block stays as it is, or as the view.
void Prompt::end_read(Answer answer, const View* view) {
  if (!reading()) return;
  Task* reader = stop_reading(view);
  answer_ = answer;
  scheduler_.wake(*reader);
}

/// The task that was reading is given back.
Task* Prompt::stop_reading(const View* view) {
  if (input_ != nullptr) input_->stop();
  uv_timer_stop(&loop_side_->escape);
  redirect_.flush();
  if (view != nullptr) {
    console_.finish(*view);
  } else {
    console_.settle();
  }
  terminal_.cooked();
  return std::exchange(reader_, nullptr);
}

void Prompt::abandon_read() { stop_reading(nullptr); }

void Prompt::draw() {
  changed_ = false;
  const Size size = Terminal::size();
  View view = editor_.view(size.columns, size.rows);
  if (!reading()) return;
  console_.show(std::move(view));
  console_.flush();
}

void Prompt::resize() {
  const Size size = Terminal::size();
  console_.resize(size.columns, size.rows, reflow_of_terminal());
}

/// At the end of a turn.
void Prompt::flush() {
  redirect_.flush();
  console_.flush();
}

void Prompt::on_input() {
  heed_signals();
  if (!reading()) return;
  std::string bytes;
  const bool there = Terminal::read(bytes, kMostAtOnce);
  feed(bytes);
  if (!there && reading()) {
    const View view = editor_.final_view();
    end_read(Answer::end, &view);
  }
}

void Prompt::feed(std::string_view bytes) {
  std::vector<Key> keys;
  decoder_.feed(bytes, keys);
  keys_.insert(keys_.end(), std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
  uv_timer_stop(&loop_side_->escape);
  if (decoder_.pending()) {
    uv_update_time(scheduler_.loop().uv());
    const auto over = [](uv_timer_t* handle) {
      if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->on_escape();
    };
    uv_timer_start(&loop_side_->escape, over, KeyDecoder::kEscapeDelay, 0);
  }
  run_keys();
}

/// Nothing has come behind an Escape: it was the key.
void Prompt::on_escape() {
  std::vector<Key> keys;
  decoder_.flush(keys);
  keys_.insert(keys_.end(), std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
  run_keys();
}

/// All that have come are drawn at once.
void Prompt::run_keys() {
  while (reading() && !keys_.empty()) {
    const Key key = std::move(keys_.front());
    keys_.pop_front();
    run_key(key);
  }
  if (reading() && changed_) draw();
}

void Prompt::run_key(const Key& key) {
  const LineEditor::Outcome outcome = editor_.key(key);
  if (!reading()) return;
  switch (outcome) {
    case LineEditor::Outcome::none: return;
    case LineEditor::Outcome::changed: changed_ = true; return;
    case LineEditor::Outcome::submitted: return answer_with(Answer::entry);
    case LineEditor::Outcome::edit: return answer_with(Answer::edit);
    case LineEditor::Outcome::end_of_input: return answer_with(Answer::end);
    case LineEditor::Outcome::interrupted: return put_away();
    case LineEditor::Outcome::suspended: return suspend();
    case LineEditor::Outcome::cleared:
      console_.clear();
      changed_ = true;
      return;
    case LineEditor::Outcome::bell:
      console_.send("\a");
      changed_ = true;
      return;
  }
}

void Prompt::answer_with(Answer answer) {
  entry_ = editor_.text();
  if (answer == Answer::entry) history_.add(entry_);
  const View view = editor_.final_view();
  end_read(answer, &view);
}

/// Ctrl-C: the entry stays on the screen, and another begins.
void Prompt::put_away() {
  View view = editor_.final_view();
  std::string note;
  if (editor_.text().empty()) {
    note.append(sequence_of(Style::faint, coloured_)).append(kHowToLeave).append("\x1b[0m\r\n");
  } else {
    view.text += "^C";
    view.cursor = view.text.size();
  }
  if (!reading()) return;
  console_.finish(view, note);
  editor_.begin(prompt_, continuation_);
  changed_ = true;
}

/// Ctrl-Z: this process is stopped, and goes on here.
void Prompt::suspend() {
  console_.settle();
  terminal_.cooked();
  Signals::stop_process();
  terminal_.raw();
  signals_.take();  // that it goes on is known
  resize();
  console_.fresh_line();
  changed_ = true;
}

// Signals.

void Prompt::on_told() {
  heed_signals();
  run_keys();
  console_.flush();
}

void Prompt::heed_signals() {
  const SignalNews news = signals_.take();
  if (news.resized) {
    resize();
    changed_ = true;
  }
  if (news.resumed && reading()) {
    terminal_.raw_again();
    resize();
    console_.redraw();
    changed_ = true;
  }
  if (news.interrupt) interrupt(news);
  if (news.suspend && reading()) {
    suspend();
  } else if (news.suspend) {
    begin_row();
    deliver("suspend");
  }
  if (reading() && changed_) draw();
}

void Prompt::interrupt(const SignalNews& news) {
  if (!reading()) {
    if (news.hooked) return;
    begin_row();
    deliver("interrupt");
    return;
  }
  if (news.hooked) return;
  std::string bytes;
  Terminal::read(bytes, *news.interrupt);
  feed(bytes);
  if (!reading()) return;
  on_escape();
  Key key;
  key.kind = Key::Kind::control;
  key.code = 'c';
  run_key(key);
}

void Prompt::deliver(const char* signal) { call_hook({.L = lua_, .prompt = this, .name = signal}); }

/// The terminal has shown "^C" within whatever row.
void Prompt::begin_row() {
  redirect_.flush();
  console_.fresh_line();
}

bool Prompt::computes_in_foreground() const {
  return !reading() && scheduler_.current() != nullptr && scheduler_.current() == scheduler_.find(foreground_);
}

/// In the code that Ctrl-C stops.
void Prompt::stopping(lua_State* L) {
  if (!reading()) begin_row();
  call_hook({.L = L, .prompt = this, .name = "interrupt", .at_once = true});
}

}  // namespace neap::internal::repl
